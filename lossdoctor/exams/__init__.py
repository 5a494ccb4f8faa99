"""Active measurements inside a run, one per file; each runs in a fork, so that it leaves no trace."""
