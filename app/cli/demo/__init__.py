"""The demonstration: events from publication to delivery in one terminal, with real processes and real HTTP."""
