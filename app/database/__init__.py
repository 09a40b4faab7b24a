"""The database: one connection pool, explicit transactions, and statements over batches of rows.

This package knows SQL dialects and connections. It does not know what the tables mean (`app.models` does).
"""
