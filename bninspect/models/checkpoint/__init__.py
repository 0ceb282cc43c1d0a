"""Checkpoints of both formats, read without TensorFlow."""
