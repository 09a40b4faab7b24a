"""Sends webhooks: the domain and its runtime. `graph` and `tasks` are the two doors into it."""
