"""An example of a lossdoctor plugin."""
