"""The configuration file: read, as defaults of options, and as settings of each model."""
