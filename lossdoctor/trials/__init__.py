"""Runs of the script from one start: the probe, exams, and treated beside untreated ones."""
