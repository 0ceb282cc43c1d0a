"""Measurements -> what is wrong, in words."""
