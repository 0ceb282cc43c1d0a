"""The version of this package: that of the last release, or of the next one with `.dev0` behind it."""

__version__ = "0.2.0.dev0"
