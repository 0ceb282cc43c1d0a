"""Library functions: what calls them, and their bodies written out where they are called."""
