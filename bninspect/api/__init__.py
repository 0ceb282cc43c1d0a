"""The Python API: the verbs of the commands as functions, and the reports that they give.

It stands beside `cli`: both hand options to `commands`, and both show what `render` makes of the result.
"""
