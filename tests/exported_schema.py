"""The API's schema as `schema.graphql` has it, built once for all tests of a process that read it."""

from graphql import build_schema

from graph.schema import export

SDL = export()
SCHEMA = build_schema(SDL)
