"""Webhooks: who receives which events, where and how, and the secrets that sign for them.

This package knows rows, rules and the audit log. It does not know GraphQL, HTTP or how a delivery is sent.
"""
