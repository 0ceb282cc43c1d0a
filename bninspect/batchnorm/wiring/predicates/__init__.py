"""A boolean tensor: what it is computed from, what it is for every value of that, and how that is written."""
