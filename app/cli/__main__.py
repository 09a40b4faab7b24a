"""Lets `python -m app.cli` do the same as `eev-webhooks`."""

from app.cli import main

main()
