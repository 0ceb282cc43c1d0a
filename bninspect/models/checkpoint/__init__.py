"""Checkpoints of both formats, read without TensorFlow."""

MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
"""What a table ends with: by it a file of either format of checkpoint is known."""
