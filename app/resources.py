"""What the server holds open, as one value that is handed to whoever needs it.

The web lifespan, the worker's boot, the command line and the tests all open the same thing with `open_resources`.
"""
