"""A probe, for people and for programs."""
