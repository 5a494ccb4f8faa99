"""The report formats, one file each. Entry points register them; nothing imports this by name."""
