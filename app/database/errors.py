"""What can go wrong with the database itself, in words that the callers' doors can pass on.

DatabaseError
├── DatabaseUnavailable   the database cannot be reached or does not answer in time; repeating later is right
├── SchemaOutdated        the tables are older than this program
└── UniqueViolation       a row with the same key is there already
"""


class DatabaseError(Exception):
    """Something about the database, not about the caller's input."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached, is overloaded or stopped answering. Repeating later is right."""


class SchemaOutdated(DatabaseError):
    """The tables are older than this program; the message says which command brings them up to date."""


class UniqueViolation(DatabaseError):
    """A row with the same unique key is there already."""
