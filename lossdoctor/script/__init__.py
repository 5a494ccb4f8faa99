"""Runs somebody's script exactly as ``python`` would, in its own process, and leaves its files as they were."""
