"""The command line and the embedded engines."""
