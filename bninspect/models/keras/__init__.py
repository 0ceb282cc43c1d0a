"""Keras files: looked through, judged safe, loaded with Keras, and frozen in memory."""
