"""A check, for people and for programs."""
