"""What the API shows, one module a noun. Plain attributes wherever that will do; built from rows or models."""
