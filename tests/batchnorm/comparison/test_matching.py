"""Which layer is which: by name, by order and shapes, or by nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.comparison.comparison import Verdict, diff
from bninspect.batchnorm.comparison.matching import matched
from bninspect.batchnorm.mode import Form
from bninspect.errors import BninspectError
from bninspect.graph import load
from tests.support.parts import STORED, report
from tests.support.places import FIXTURES
from tests.support.reports import constant, layer as made, report as written
from tests.support.respelling import model, permuted, prefixed, renamed, write

NETS = ["slim_resnet.pb", "net_mixed.pb", "keras225_net.pb", "stateless_if_net.pb", "classic_net.pb"]


@pytest.mark.parametrize("file", NETS)
def test_the_same_file_is_matched_by_name(file: str) -> None:
    found = inspect(load(str(FIXTURES / file)))
    pairs, unmatched = matched(found, found)
    assert [(pair.old, pair.how) for pair in pairs] == [(layer, "name") for layer in found.layers]
    assert not unmatched


@pytest.mark.parametrize("spelling", ["renamed", "prefixed"])
@pytest.mark.parametrize("file", NETS)
def test_other_names_are_matched_by_order(file: str, spelling: str, tmp_path: Path) -> None:
    """And the nodes stand in the file in another order: that of the graph counts."""
    message = renamed(model(file), 3)[0] if spelling == "renamed" else prefixed(model(file), "tower")
    old = inspect(load(str(FIXTURES / file)))
    new = inspect(load(write(permuted(message, 5), tmp_path)))
    found = diff(old, new)
    assert not found.unmatched
    assert [move.old.name for move in found.layers] == [layer.name for layer in old.layers]
    same = {layer.name for layer in old.layers} & {layer.name for layer in new.layers}
    assert {move.name for move in found.layers if move.matched == "name"} == same
    assert len(same) < len(old.layers)
    assert {move.verdict for move in found.layers} <= {Verdict.NOTHING, Verdict.UNREAD}


def parts(number: int, channels: int = 3) -> str:
    """Parameters of one layer more."""
    values = {"gamma": 1.5, "beta": 0.1, "mean": 0.5, "variance": 2.5}
    return "".join(f"{name}{number} = Const({[value] * channels})\n" for name, value in values.items())


def layer(name: str, x: str, number: int, epsilon: float = 0.001) -> str:
    """One layer with parameters of its own."""
    return (
        f"{name} = FusedBatchNormV3({x}, gamma{number}, beta{number}, mean{number}, variance{number}, "
        f"epsilon={epsilon}, is_training=false)\n"
    )


BASE = STORED + "".join(parts(number) for number in (1, 2, 3))


def names(old: str, new: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """([(old name, new name) matched by order], [(side, name) unmatched])."""
    pairs, unmatched = matched(report(BASE + old), report(BASE + new))
    by_order = [(pair.old.name, pair.new.name) for pair in pairs if pair.how == "order"]
    return by_order, [(one.side, one.name) for one in unmatched]


def test_order_counts_between_what_names_match() -> None:
    old = layer("a/bn", "x", 1) + layer("b/bn", "a/bn", 2) + layer("c/bn", "b/bn", 3)
    new = layer("u/bn", "x", 1) + layer("b/bn", "u/bn", 2) + layer("w/bn", "b/bn", 3)
    assert names(old, new) == ([("a", "u"), ("c", "w")], [])


def test_what_names_match_in_another_order_says_nothing_of_what_stands_between() -> None:
    old = layer("b/bn", "x", 2) + layer("u/bn", "b/bn", 1) + layer("a/bn", "u/bn", 3)
    new = layer("a/bn", "x", 3) + layer("w/bn", "a/bn", 1) + layer("b/bn", "w/bn", 2)
    assert names(old, new) == ([("u", "w")], [])


def test_a_choice_is_not_guessed() -> None:
    """Either of the two could be the one."""
    old = layer("a/bn", "x", 1)
    new = layer("u/bn", "x", 1) + layer("v/bn", "x", 2)
    assert names(old, new) == ([], [("old", "a"), ("new", "u"), ("new", "v")])


def test_the_only_one_of_its_kind_is_matched_beside_others() -> None:
    old = layer("a/bn", "x", 1) + layer("b/bn", "x", 2, epsilon=0.5)
    new = layer("u/bn", "x", 1) + layer("v/bn", "x", 2, epsilon=0.5) + layer("w/bn", "x", 3)
    assert names(old, new) == ([("b", "v")], [("old", "a"), ("new", "u"), ("new", "w")])


def test_the_weights_before_a_layer_tell_it_from_others() -> None:
    """The second layer of NEW normalizes what the first one made."""
    old = layer("a/bn", "x", 1)
    new = layer("u/bn", "x", 1) + layer("v/bn", "u/bn", 2)
    assert names(old, new) == ([("a", "u")], [("new", "v")])


def test_kinds_in_another_order_are_not_matched() -> None:
    old = layer("a/bn", "x", 1) + layer("b/bn", "x", 2, epsilon=0.5)
    new = layer("u/bn", "x", 1, epsilon=0.5) + layer("v/bn", "x", 2)
    assert names(old, new)[0] == []


def test_other_shapes_are_not_matched() -> None:
    old, new = layer("a/bn", "x", 1), parts(4, channels=5) + layer("u/bn", "x", 4)
    assert names(old, new) == ([], [("old", "a"), ("new", "u")])
    _, unmatched = matched(report(BASE + old), report(BASE + new))
    absent = "has no layer of this name, nor one that order and shapes single out"
    assert [one.reason for one in unmatched] == [f"NEW {absent}", f"OLD {absent}"]


def test_a_name_with_other_channels_is_no_match() -> None:
    old, new = layer("a/bn", "x", 1), parts(4, channels=5) + layer("a/bn", "x", 4)
    _, unmatched = matched(report(BASE + old), report(BASE + new))
    assert [one.side for one in unmatched] == ["old", "new"]
    assert {one.reason for one in unmatched} == {"3 channels in OLD, 5 in NEW"}


@pytest.mark.parametrize(
    ("old", "new", "is_one"),
    [(3, 3, True), (3, None, True), (None, 3, True), (None, None, True), (3, 5, False)],
)
def test_channels_that_a_file_does_not_say_are_no_other_number(
    old: int | None, new: int | None, is_one: bool
) -> None:
    pairs, unmatched = matched(
        written(made("a/bn", channels=old, epsilon=0.5)), written(made("a/bn", channels=new, epsilon=0.25))
    )
    assert [(pair.old.channels, pair.new.channels, pair.how) for pair in pairs] == (
        [(old, new, "name")] if is_one else []
    )
    assert [one.side for one in unmatched] == ([] if is_one else ["old", "new"])


KINDS: dict[str, dict[str, Any]] = {
    "channels": {"channels": 5},
    "epsilon": {"epsilon": 0.5},
    "no gamma": {"gamma": None},
    "no beta": {"beta": None},
    "the shape of gamma": {"gamma": constant("g", [1.0])},
    "the shape of beta": {"beta": constant("b", [1.0])},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_tells_layers_of_other_names_apart(kind: str) -> None:
    plain, other = made("a/bn"), made("b/bn", **KINDS[kind])
    renamed = [replace(plain, name="u/bn"), replace(other, name="v/bn"), made("w/bn")]
    pairs, unmatched = matched(written(plain, other), written(*renamed))
    assert [(pair.old.name, pair.new.name, pair.how) for pair in pairs] == [("b/bn", "v/bn", "order")]
    assert [(one.side, one.name) for one in unmatched] == [("old", "a/bn"), ("new", "u/bn"), ("new", "w/bn")]


def test_a_layer_that_was_written_in_another_form_is_the_same() -> None:
    """As `strip` writes the global op, which TensorFlow no longer knows, as a chain."""
    old, new = written(made("y", form=Form.GLOBAL)), written(made("y/bninspect", form=Form.DECOMPOSED))
    (pair,), unmatched = matched(old, new)
    assert (pair.old.name, pair.new.name, pair.how) == ("y", "y/bninspect", "order")
    assert not unmatched


def test_nothing_in_common_is_an_error() -> None:
    old, new = (
        report(BASE + layer("a/bn", "x", 1)),
        report(BASE + parts(4, channels=5) + layer("u/bn", "x", 4)),
    )
    with pytest.raises(BninspectError, match="not of one graph: of 1 and 1 layers none are the same"):
        diff(old, new)
    with pytest.raises(BninspectError, match="no batch norm to compare"):
        diff(old, inspect(load(str(FIXTURES / "folded.pb"))))
