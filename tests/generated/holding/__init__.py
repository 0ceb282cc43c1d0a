"""Each command held against the truth: a file per command."""
