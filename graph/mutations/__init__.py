"""Changing things, one module a noun. Each mutation is a shell: one call of the domain, and its answer as a payload."""
