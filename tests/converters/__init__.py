"""The forecast beside what converters really do: every fixture and case, as it is and stripped.

`python -m tests.converters` runs the converters that are installed; `seen.json` is what such a run saw, which
the tests hold the forecast against where no converter is installed.
"""
