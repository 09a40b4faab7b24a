"""Makes `python -m app.cli` an alias of `eev-webhooks`."""

from app.cli import main

main()
