"""One reversible change per file: applied while the script runs in a fork, undone with it."""
