"""Quantization-aware training: batch norm folded into the weights of a convolution, read back as a layer."""
