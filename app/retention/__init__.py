"""Deletes rows that are older than the settings allow, in small batches: events with everything that belongs to them,
attempts before that, finished operations, the audit log, and the statistics of deleted rows.
"""
