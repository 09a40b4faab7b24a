"""Output types of the API, one module per noun, built from rows or models."""
