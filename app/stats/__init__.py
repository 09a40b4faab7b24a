"""How deliveries have been doing: counts, the share that succeeded, latencies, over a window and its parts.

Reads rows, and for long windows what `periods` has counted of them once and for all (docs/adr/0006). Refuses to know
who shows it.
"""
