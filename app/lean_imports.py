"""Imports structlog and httpx without Rich and Pygments. Import this module first in a process that serves or delivers.

Both libraries go without if these are not installed. structlog wants them for tracebacks with colours, which `app.logs`
formats as plain text, and httpx for its own command line. They are 90 modules and 4 MB.
"""

import sys

_LEFT_OUT = ("rich", "pygments")

if not sys.modules.keys() & {"httpx", "structlog", *_LEFT_OUT}:
    # An import of these fails, as if they were not installed.
    sys.modules.update(dict.fromkeys(_LEFT_OUT))  # type: ignore[arg-type]
    try:
        import httpx  # noqa: F401
        import structlog  # noqa: F401
    finally:
        for name in _LEFT_OUT:
            del sys.modules[name]
