"""Dramatiq's door into `app`: the brokers, the one actor, and the periodic work of every process.

`dramatiq tasks` imports this package and expects it to have set a broker; no other importer of `tasks` does.
"""

import sys

if "dramatiq.cli" in sys.modules:
    from tasks.command import prepare

    prepare()
