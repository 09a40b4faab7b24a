"""The matrix of tenancy: callers, things that they must not see, and places of the schema that could show these."""
