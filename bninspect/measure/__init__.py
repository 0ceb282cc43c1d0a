"""Both modes of a model, run on inputs: moments and distances layer by layer, and how that was verified."""
