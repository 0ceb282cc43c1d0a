"""`diff`: two files of one graph, opened, compared and judged."""
