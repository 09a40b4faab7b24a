"""Webhooks: who wants which events, sent where and how, and the secrets that sign for them.

Knows rows, rules and the audit log; refuses to know GraphQL, HTTP and how a delivery is sent.
"""
