"""Carries deliveries one step further: claim, sign, send, record, announce."""
