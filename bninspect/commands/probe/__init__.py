"""`probe`: both modes measured on inputs, and their arrays to a file."""
