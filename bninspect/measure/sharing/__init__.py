"""One session for all that a probe asks of a model."""
