"""Damaged models by the thousand, through everything that reads one.

`python -m tests.fuzz --minutes N --seed S` is no test: it is a search for new kinds of damage that end in a
traceback, a hang, or memory without bound. What it finds is kept as a file, and belongs into a test with its
kind mended.
"""
