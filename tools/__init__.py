"""What the project's own targets run."""
