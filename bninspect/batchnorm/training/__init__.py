"""The training side: train ops, updates of moving statistics, and what assigns them."""
