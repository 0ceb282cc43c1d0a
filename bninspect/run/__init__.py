"""The only door to TensorFlow: sessions, the part of a model that runs, and what may run at all."""
