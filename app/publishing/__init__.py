"""Takes events in: checks them, finds the webhooks that want them, and commits both before saying yes."""
