"""Seeded random networks, built by TensorFlow, that hold the program against TensorFlow and NumPy.

`building` runs under every TensorFlow from 1.4 (CPython 3.6) to 2.21 and writes graphs with their truth; the
rest runs the program on them and counts where it disagrees.
"""
