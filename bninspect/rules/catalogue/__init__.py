"""One rule, one file: its code is the file's name, its page the docstring."""
