"""The database: one connection pool, explicit transactions, and statements over batches of rows.

Knows SQL dialects and connections; refuses to know what the tables mean (that is `app.models`).
"""
