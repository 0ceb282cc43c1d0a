"""Tests that run a model are skipped, with the reason, where TensorFlow is missing."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("tensorflow") and find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
