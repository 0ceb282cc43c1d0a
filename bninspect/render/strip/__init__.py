"""A strip, for people."""
