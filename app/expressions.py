"""The library for CEL expressions, imported without its command line.

Its package imports that too, and with it prompt_toolkit: a tenth of a second and several megabytes for nothing.
"""

import sys
from types import ModuleType

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

import cel  # noqa: E402 - after the empty module is in place

__all__ = ["cel"]
