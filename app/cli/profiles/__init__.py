"""Profiles: servers with a key for each, stored by `eev-webhooks login` and chosen with `--profile`."""
