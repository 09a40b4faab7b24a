"""Event types that a workspace makes beside the built-in ones, and which of both it has archived.

Knows rows, rules and the audit log. What is published and selected reads all of them together, ready to use, from
`app.registry`.
"""
