"""How long tests wait for an event that must happen.

A wait ends with its event, so only a failing test reaches the limit. The limit is generous because a busy machine may
slow a test down, but must not make it fail. `timeout` in pyproject.toml is the last resort, for a whole test.
"""

PATIENCE_SECONDS = 120.0
