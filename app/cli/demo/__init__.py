"""The demonstration: the life of some events in one terminal, with real processes and real HTTP."""
