"""Names are folded and never cut, and safe to print; numbers are written as people write them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bninspect.escaping import printable
from bninspect.render.names import as_written, below, between, counted, few, fold, human_size, plain, wrap


@pytest.mark.parametrize("width", range(1, 60))
def test_a_folded_name_is_the_name(width: int) -> None:
    name = "resnet_v1_50/block1/unit_1/bottleneck_v1/shortcut/BatchNorm"
    lines = fold(name, width)
    assert "".join(lines) == name
    assert max(map(len, lines)) <= width


def test_a_name_is_folded_behind_a_slash_then_an_underscore() -> None:
    assert fold("block1/unit_1/conv1", 15) == ["block1/unit_1/", "conv1"]
    assert fold("sequential_bn1_cond_true/FusedBatchNormV3", 18) == [
        "sequential_bn1_",
        "cond_true/",
        "FusedBatchNormV3",
    ]


def test_text_wraps_at_spaces_and_folds_long_names() -> None:
    assert wrap("in a/long/name", 6) == ["in", "a/", "long/", "name"]
    assert wrap("one two three", 7) == ["one two", "three"]


def test_below() -> None:
    assert below("bn/cond/Merge", "bn") == "cond/Merge"
    assert below("bn2/cond/Merge", "bn") == "bn2/cond/Merge"


def test_control_characters_are_shown_and_not_obeyed() -> None:
    assert printable("a\x1b[31mb\n\udcff") == "a\\x1b[31mb\\n\\udcff"


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
    assert few(["a", "b", "c", "d"]) == "a, b, c and 1 more"


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
