"""Where a statistic comes from, as one record: stored, of the batch, or one of the two as predicates say."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.origin import origin
from bninspect.batchnorm.site import Batch, Chosen, Origin, Stored, Undecided
from bninspect.batchnorm.wiring.conditions import Conditions
from tests.support.parts import BATCH, PHASE
from tests.support.text import graph

START = (
    BATCH
    + PHASE
    + PHASE.replace("phase", "other")
    + "old = Const([0.1, 0.2, 0.3])\nkept = VariableV2(shape=[3])\nnumber = Const(0.5)\n"
    + "random = RandomUniform(axes)\nnot_phase = LogicalNot(phase)\n"
)


def found(lines: str) -> Origin:
    """Where y comes from, as a statistic of x."""
    written = graph(START + lines)
    return origin(written.node("y").output(), written.node("x").output(), Conditions(written))


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        ("y = Identity(kept)\n", "kept"),
        ("y = Mul(kept, number)\n", "kept"),
        ("y = RealDiv(mean, kept)\n", None),
    ],
)
def test_stored(lines: str, source: str | None) -> None:
    stored = found(lines)
    assert isinstance(stored, Stored)
    assert (None if stored.source is None else stored.source.node.name) == source
    assert stored.node.name == ("kept" if "Identity" in lines else "y")


def test_of_the_batch() -> None:
    batch = found("y = Identity(batch_mean)\n")
    assert isinstance(batch, Batch)
    assert (batch.node.name, batch.axes, batch.fused, batch.of_x) == ("batch_mean", (0, 1, 2), (), True)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            "shape = Shape(x)\ny = Cast(shape)\n",
            "the statistics come from Shape shape, which depends on nothing stored",
        ),
        (
            "a = Const([1.0, 2.0, 3.0])\nb = Add(a, old)\nc = Add(b, kept)\nd = Add(c, mean)\n"
            "y = Add(d, batch_mean)\n",
            "the statistics mix those of the batch with stored ones (mean:0, kept:0, a:0)",
        ),
        (
            "fed = Placeholder(dtype=int32)\ny = Mean(x, fed)\n",
            "the axes that Mean y is taken over are not constant",
        ),
        ("a = Relu(x)\ny = Mean(a, axes)\n", "the statistics are those of Relu a, not of x"),
        (
            "a = Abs(x)\nb = Square(a)\ny = Mean(b, axes)\n",
            "the statistics are those of Abs a, not of x",
        ),
        (
            "a = Select(other, random, mean)\ny = Select(phase, a, batch_mean)\n",
            "the statistics come from RandomUniform random, neither a moment of x nor stored",
        ),
        (
            "a = Select(other, batch_mean, mean)\ny = Select(phase, a, random)\n",
            "a:0 is of the batch or stored, as a further predicate says",
        ),
        (
            "a = Select(other, batch_mean, mean)\ny = Select(phase, a, old)\n",
            "a:0 is of the batch or stored, as a further predicate says",
        ),
        (
            "own = Const([1, 2])\na = Mean(x, own)\ny = Select(phase, a, batch_mean)\n",
            "y:0 is a moment over axes [0, 1, 2] or [1, 2], as a predicate says",
        ),
        (
            "own = Const([1, 2])\nb = Mean(x, own)\na = Select(other, batch_mean, b)\n"
            "y = Select(phase, a, mean)\n",
            "a:0 is a moment over axes [0, 1, 2] or [1, 2], as a predicate says",
        ),
    ],
)
def test_undecided(lines: str, reason: str) -> None:
    assert found(lines) == Undecided(reason=reason)


@pytest.mark.parametrize(
    "lines",
    [
        "y = Select(phase, batch_mean, mean)\n",
        "a = Select(phase, batch_mean, old)\nb = Select(phase, old, mean)\ny = Select(phase, a, b)\n",
        "a = Select(not_phase, old, batch_mean)\nb = Select(not_phase, mean, old)\ny = Select(phase, a, b)\n",
        "a = Select(phase, batch_mean, old)\nb = Select(phase, old, mean)\ny = Select(not_phase, b, a)\n",
    ],
    ids=["once", "again by the same predicate", "again by its negation", "first by its negation"],
)
def test_chosen_by_one_predicate(lines: str) -> None:
    """What a predicate chose already is not chosen otherwise further back."""
    chosen = found(lines)
    assert isinstance(chosen, Chosen)
    sides = {True: chosen.if_true, False: chosen.if_false}
    tensors = dict(zip((True, False), chosen.tensors, strict=True))
    when = chosen.join.predicate.node.name == "phase"
    assert (type(sides[when]), type(sides[not when])) == (Batch, Stored)
    assert (sides[when].node.name, sides[not when].node.name) == ("batch_mean", "mean")
    direct = "a = " not in lines
    names = ("batch_mean", "mean")
    assert (tensors[when].node.name, tensors[not when].node.name) == names
    assert [node.name for node in chosen.inner] == ([] if direct else ["a", "b"] if when else ["b", "a"])


def test_one_side_that_is_one_of_two_stored_values_has_no_one_source() -> None:
    chosen = found("a = Select(other, mean, old)\ny = Select(phase, batch_mean, a)\n")
    assert isinstance(chosen, Chosen)
    assert isinstance(chosen.if_true, Batch)
    assert isinstance(chosen.if_false, Stored)
    assert (chosen.if_false.node.name, chosen.if_false.source) == ("a", None)
    assert [tensor.node.name for tensor in chosen.tensors] == ["batch_mean", "a"]


def test_one_side_that_is_one_of_two_moments_is_of_the_batch() -> None:
    chosen = found(
        "second = Mean(x, axes)\na = Select(other, batch_mean, second)\ny = Select(phase, a, mean)\n"
    )
    assert isinstance(chosen, Chosen)
    assert isinstance(chosen.if_true, Batch)
    assert isinstance(chosen.if_false, Stored)
    assert (chosen.if_true.node.name, chosen.if_true.axes) == ("batch_mean", (0, 1, 2))
    assert [tensor.node.name for tensor in chosen.tensors] == ["batch_mean", "mean"]


def test_two_predicates_choose_between_one_value_and_the_batch() -> None:
    chosen = found("a = Select(phase, batch_mean, mean)\ny = Select(other, a, mean)\n")
    assert isinstance(chosen, Chosen)
    assert isinstance(chosen.if_true, Batch)
    assert isinstance(chosen.if_false, Stored)
    assert (chosen.if_true.node.name, chosen.if_false.node.name) == ("batch_mean", "mean")
    assert [tensor.node.name for tensor in chosen.tensors] == ["batch_mean", "mean"]
    assert (chosen.join.node.name, chosen.join.if_true, chosen.join.if_false) == ("y", *chosen.tensors)
    assert [node.name for node in chosen.inner] == ["a"]


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [("mean", "old", Stored), ("mean", "mean", Stored), ("batch_mean", "batch_mean", Batch)],
)
def test_a_choice_of_one_kind_is_of_that_kind(first: str, second: str, kind: type) -> None:
    one = found(f"y = Select(phase, {first}, {second})\n")
    assert type(one) is kind
    if isinstance(one, Stored):
        assert (one.node.name, one.source) == ("y", None)
    else:
        assert isinstance(one, Batch)
        assert (one.node.name, one.axes, one.of_x) == ("batch_mean", (0, 1, 2), True)


def test_a_side_that_can_never_be_taken() -> None:
    """What is handed on where the phase is false is chosen where it is true."""
    lines = """
without = Switch(mean, phase)
one = Switch(without, other)
two = Switch(without, other)
inner = Merge(one, two:1)
y = SelectV2(phase, inner, batch_mean)
"""
    assert found(lines) == Undecided(reason="no side of inner:0 can be taken")


@pytest.mark.parametrize(
    "lines",
    [
        "y = Relu(batch_mean)\n",
        "own = Const([1, 2])\na = Mean(x, own)\nb = Relu(a)\nzero = Const([0])\ny = Mean(b, zero)\n",
    ],
    ids=["behind the moment", "of the mean of each image"],
)
def test_what_is_clipped_behind_a_mean_of_x_is_of_the_batch(lines: str) -> None:
    assert isinstance(found(lines), Batch)


@pytest.mark.parametrize(
    "op", ["Gather(table, number_of_domain)", "GatherV2(table, number_of_domain, first)"]
)
def test_what_is_picked_by_a_number_that_is_fed_is_stored(op: str) -> None:
    """Of several domains each has statistics of its own."""
    lines = (
        "table = VariableV2(shape=[5, 3])\nnumber_of_domain = Placeholder(dtype=int32)\nfirst = Const(0)\n"
    )
    assert isinstance(found(f"{lines}y = {op}\n"), Stored)


def test_the_sizes_of_parts_are_no_statistics() -> None:
    lines = "sizes = Const([4, 4])\nalong = Const(0)\np = SplitV(x, sizes, along)\n"
    lines += "a = Mean(p, axes)\nb = Mean(p:1, axes)\ns = Add(a, b)\nhalf = Const(0.5)\ny = Mul(s, half)\n"
    assert isinstance(found(lines), Batch)
