"""HTTP in, rows out."""
