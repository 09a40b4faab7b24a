"""The web server: routes, middleware and how it is started. Knows HTTP; what it serves is elsewhere."""
