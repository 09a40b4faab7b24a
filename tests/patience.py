"""How long tests wait for what has to happen.

A wait ends with its event, so only a test that fails reaches the limit. The limit is generous because a busy machine
may slow a test down, but must not make it fail. `timeout` in pyproject.toml is the last resort, for a whole test.
"""

PATIENCE_SECONDS = 120.0
