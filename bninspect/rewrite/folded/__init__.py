"""Layers folded into the weights of a convolution, and numbers that are rounded on the way: rewritten."""
