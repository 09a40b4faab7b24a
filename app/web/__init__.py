"""The web server: routes, middleware and startup. Knows HTTP; the API is in `graph`."""
