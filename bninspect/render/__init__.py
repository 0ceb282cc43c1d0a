"""Facts -> text. Each output format is one file; none of them decides anything or changes an exit code."""
