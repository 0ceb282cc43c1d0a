"""A choice written as arithmetic: a boolean as a number weighs what is added up, or picks from a stack."""
