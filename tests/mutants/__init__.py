"""Healthy scripts with one fault put in, and the answers a diagnosis of them must give."""
