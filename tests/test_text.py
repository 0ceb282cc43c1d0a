"""Words and numbers in a sentence and in a table."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase

import numpy as np
import pytest

from bninspect.text import (
    as_written,
    below,
    between,
    common_name,
    common_scope,
    counted,
    grouped,
    human_size,
    listed,
    percent,
    plain,
)


@pytest.mark.parametrize(
    ("names", "scope"),
    [
        ([], ""),
        (["a/b"], ""),
        (["net/a", "net/b/c"], "net/"),
        (["net/a/x", "net/a/y"], "net/a/"),
        (["network/a", "net/a"], ""),
        (["a", "b"], ""),
        (["net", "net/a"], ""),
    ],
)
def test_common_scope(names: list[str], scope: str) -> None:
    assert common_scope(names) == scope


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.4, "40 %"),
        (0.995, "99.5 %"),
        (0.004, "0.4 %"),
        (0.9999, "over 99.9 %"),
        (1.0, "100 %"),
        (12.3, "12 times"),
        (math.nan, "no finite share"),
    ],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


def test_below() -> None:
    assert below("bn/cond/Merge", "bn") == "cond/Merge"
    assert below("bn2/cond/Merge", "bn") == "bn2/cond/Merge"


@pytest.mark.parametrize("number", [0.001, 1e-05, 1.001e-05, 0.99, 0.9, 1e-12, 0.0, 1.0])
def test_a_float32_is_written_as_a_person_wrote_it(number: float) -> None:
    assert as_written(float(np.float32(number))) == number


def test_a_float64_is_left_alone() -> None:
    assert as_written(0.1) == 0.1
    assert as_written(1e300) == 1e300
    assert as_written(None) is None
    assert math.isnan(as_written(math.nan) or 0.0)


def test_numbers_in_words() -> None:
    assert plain(None) == "not finite"
    assert between(None) == "unknown"
    assert between((0.0, 0.0)) == "0"
    assert between((-0.5, None)) == "-0.5 .. not finite"
    assert counted(1, "layer") == "1 layer"
    assert counted(1519, "node") == "1,519 nodes"
    assert listed(["a", "b", "c", "d"]) == "a, b, c and 1 more"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (95_447_303, "95.4 MB"),
        (5_000_000_000_000, "5000.0 GB"),
    ],
)
def test_human_size(size: int, text: str) -> None:
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("names", "common"),
    [
        ([], ""),
        (["a/bn"], "a/bn"),
        (["a/V3", "a/V3"], "a/V3"),
        (["net/a", "net/b/c"], "net/*"),
        (["bn1", "bn2"], "bn*"),
        (["conv1/bn", "conv10/bn", "conv/bn"], "conv*/bn"),
        (["a/bn", "b/bn"], "*/bn"),
        (["net/bn_1/cond/Merge", "net/bn_2/cond/Merge"], "net/bn_*/cond/Merge"),
        (["a/bn", "a/bn/bn"], "a/bn*"),
        (["batch_normalization", "batch_normalization_1"], "batch_normalization*"),
        (["net/bar", "net/baz"], "net/*"),
        (["bar", "baz"], ""),
    ],
)
def test_common_name_is_a_glob_that_all_match(names: list[str], common: str) -> None:
    assert common_name(names) == common
    assert all(fnmatchcase(name, common) for name in names if common)


def test_layers_that_are_alike_are_one_entry() -> None:
    assert grouped(["bn"]) == "bn"
    assert grouped([f"MobilenetV2/{number}" for number in range(39)]) == "MobilenetV2/* 39x"
    assert grouped(["bar", "baz", "b"]) == "3 layers (bar, baz and 1 more)"
