"""Is this arithmetic a normalization, and where do its mean and variance come from?"""
