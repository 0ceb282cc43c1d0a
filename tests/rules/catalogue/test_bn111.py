"""BN111 undecided-normalization."""

from __future__ import annotations

import pytest

from tests.support.catching import found, fused, of_fixture
from tests.support.parts import STORED


@pytest.mark.parametrize(
    ("file", "name"), [("blended.pb", "share:0"), ("foreign_statistics.pb", "reference:0")]
)
def test_catches(file: str, name: str) -> None:
    (finding,) = of_fixture("BN111", file)
    assert (finding.layer, finding.node) == (None, "batchnorm/add_1")
    assert finding.message.endswith(name)


def test_does_not_catch_a_layer() -> None:
    assert not found("BN111", STORED + fused())


@pytest.mark.parametrize("file", ["lookalikes.pb", "standardized.pb", "renorm.pb"])
def test_does_not_catch_what_is_decided(file: str) -> None:
    assert not of_fixture("BN111", file)
