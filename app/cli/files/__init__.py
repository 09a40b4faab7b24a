"""Webhooks and event types in files: `eev-webhooks export` and `eev-webhooks apply`."""
