"""Alerts: what the server itself says about webhooks and deliveries, published as events."""
