"""Problems: failures of one webhook with one cause, as one thing to look into."""
