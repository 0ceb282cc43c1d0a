"""The converters that can be run here, one a file: each converts a model and runs what it made.

They run in a process of their own (`child.py`): they are large, talk on every stream, and may crash.
"""
