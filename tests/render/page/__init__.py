"""Tests of the page: its pictures and numbers, and what a browser makes of it."""
