"""Statistics of deliveries: counts, success rate and latencies, over a window and its parts.

Reads rows and, for long windows, what `periods` has counted once and for all (docs/adr/0006). This package does not
know where the numbers are shown.
"""
