"""Accepts events: checks them, finds the matching webhooks, and commits both before acknowledging."""
