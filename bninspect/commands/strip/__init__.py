"""`strip`: a model of one mode, written, and held against the original."""
