"""Event types that a workspace creates beside the built-in ones, and which of both it has archived.

This package knows rows, rules and the audit log. Publishing and selection read all event types together, compiled, from
`app.registry`.
"""
