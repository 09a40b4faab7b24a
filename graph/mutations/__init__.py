"""Mutations, one module per noun. Each calls the domain once and returns the result as a payload."""
