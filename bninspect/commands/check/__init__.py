"""Many models through the rules: which files, in which settings, side by side, against a baseline."""
