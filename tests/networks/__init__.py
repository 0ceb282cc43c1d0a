"""Networks trained on real data for the tests: scikit-learn's digits, six batch norms, written three ways.

    def test_it(network):       the fixture of tests/conftest.py
    network("fused")            -> Trained: models of healthy, forgotten and unfinished statistics, and images
    faults.inject(path, ...)    a model with a fault of known name in a layer of known name
    measuring.moments(...)      what a probe should measure

Trained once per test session, in a process of their own; see `building` for the graphs, `training` for how.
"""

from __future__ import annotations

from tests.networks.store import KINDS, Store, Trained

__all__ = ["KINDS", "Store", "Trained"]
