"""Programs behind the project's own make targets."""
