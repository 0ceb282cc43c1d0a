"""Tests of bninspect/check: many models, beside a baseline."""
