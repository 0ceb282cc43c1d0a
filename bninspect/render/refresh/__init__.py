"""A refresh, for people."""
