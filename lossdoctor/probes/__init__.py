"""What one run of the script shows: instruments that undo themselves, one file per thing observed. Needs torch."""
