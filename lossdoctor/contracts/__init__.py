"""The interfaces between the engine and its plugins, and what both share. No torch."""
