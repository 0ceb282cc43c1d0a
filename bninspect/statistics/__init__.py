"""Numbers about statistics, in NumPy alone: moments, staleness, averages, distances, thresholds."""
