"""Where statistics are kept in a file, and new ones in their place."""
