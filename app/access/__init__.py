"""Who is calling, what they may do, and the log of their changes."""
