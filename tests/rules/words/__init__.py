"""What rules say in full: each clause with the numbers that lead to it."""
