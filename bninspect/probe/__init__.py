"""Running a model: images and feeds in, both modes through TensorFlow, differences out.

`session.py` is the only file that imports TensorFlow, and only when something is run.
"""
