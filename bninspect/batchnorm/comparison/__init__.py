"""Two files of one graph: which layer is which, and how far its values moved."""
