"""Names are folded and never cut, and safe to print."""

from __future__ import annotations

import pytest

from bninspect.escaping import printable
from bninspect.render.line import Room, fix_line, fold, wrap


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
    assert wrap("in a/long/name", 6, 6) == ["in", "a/", "long/", "name"]
    assert wrap("one two three", 7, 7) == ["one two", "three"]
    assert wrap("one two three four", 13, 9) == ["one two three", "four"]
    assert wrap("one two three four", 7, 3) == ["one two", "thr", "ee", "fou", "r"]


def test_control_characters_are_shown_and_not_obeyed() -> None:
    assert printable("a\x1b[31mb\n\udcff") == "a\\x1b[31mb\\n\\udcff"


@pytest.mark.parametrize(
    ("fix", "is_whole"),
    [
        ("bninspect strip a/model.pb --output one --output two -o a/model.serving.pb", True),
        ("cp a/graph.meta b/model.ckpt.meta && bninspect refresh b/model.ckpt.meta --image DIR", True),
        ("with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)): train()", True),
        ("train with a smaller epsilon; if a conversion changed it, convert again with the old one", False),
    ],
    ids=["ours", "copy", "Python", "words"],
)
def test_a_fix_that_is_pasted_never_folds(fix: str, is_whole: bool) -> None:
    rows = list(fix_line(fix, "BN301", {}, 2).rows(Room(50)))
    assert (len(rows) == 1) is is_whole
