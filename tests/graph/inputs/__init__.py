"""Values for every field of every input, with the server's answer to each: a table, and how its rows are tried."""
