"""Values for every field of every input, and what the server says to each: a table, and how it is tried."""
