"""What converters do with the mode of a batch norm: facts, each seen in a run of the tool, one tool a file.

`table.py` lists the tools, `forecast.py` applies their facts to a model. Pure: nothing is converted here.
"""
