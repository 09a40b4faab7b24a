"""Forgets what is older than the settings say, in small batches: events with all that hangs on them, attempts before
that, finished operations, the audit log, and the statistics of what is gone."""
