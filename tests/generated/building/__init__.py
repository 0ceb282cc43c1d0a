"""Graphs and their truth, for every TensorFlow from 1.4 (CPython 3.6) to 2.21.

`python -m tests.generated.building --seed S --count N --out FOLDER` needs NumPy and a TensorFlow, and nothing
else of the project.
"""
