"""A graph's layers, for people: the verdict, the table, one layer drawn."""
