"""Several sets of moving statistics of one layer: each is listed, with what says when it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import Mode, State, inspect
from bninspect.batchnorm.verdict import verdict
from bninspect.batchnorm.wiring.predicates.words import condition
from bninspect.batchnorm.wiring.sets import by_set, serving
from bninspect.render.graph.numbers import numbers
from bninspect.render.graph.statistics import state_lines
from bninspect.render.json import graph_document
from bninspect.rewrite.statistics.slots import find_slots
from bninspect.rules import Case, judge
from bninspect.rules.facts.values import stored
from tests.support.parts import BATCH, EMPTY, PHASE
from tests.support.text import graph

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm, Report

HEAD = (
    BATCH
    + EMPTY
    + PHASE
    + """
other = Placeholder(dtype=bool, shape=[])
mode = Placeholder(dtype=int32, shape=[])
zero = Const(0)
one = Const(1)
trains = Equal(mode, zero)
serves = Equal(mode, one)
mean2 = Const([4.0, 5.0, 6.0])
variance2 = Const([7.0, 8.0, 9.0])
train = FusedBatchNormV3(x, gamma, beta, none, none)
first = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)
second = FusedBatchNormV3(x, gamma, beta, mean2, variance2, is_training=false)
"""
)
CHAIN = """
sum = AddV2(v, epsilon)
root = Rsqrt(sum)
scale = Mul(root, gamma)
scaled = Mul(x, scale)
moved = Mul(m, scale)
offset = Sub(beta, moved)
y = AddV2(scaled, offset)
"""
CHOSEN = "sm = Select(other, mean, mean2)\nsv = Select(other, variance, variance2)\n"
CASES = {
    "outputs, by a further predicate": (
        "in = Select(other, first, second)\ny = Select(phase, train, in)\n",
        {"other:0": "mean", "not other:0": "mean2"},
    ),
    "outputs, by a number": (
        "in = Select(serves, first, second)\ny = Select(trains, train, in)\n",
        {"mode:0 == 1": "mean", "mode:0 != 1": "mean2"},
    ),
    "the predicates the other way round": (
        "a = Select(phase, train, first)\nb = Select(phase, train, second)\ny = Select(other, a, b)\n",
        {"other:0": "mean", "not other:0": "mean2"},
    ),
    "statistics of a fused op": (
        CHOSEN
        + "in = FusedBatchNormV3(x, gamma, beta, sm, sv, is_training=false)\ny = Select(phase, train, in)\n",
        {"other:0": "mean", "not other:0": "mean2"},
    ),
    "statistics of a chain": (
        CHOSEN + "m = Select(phase, batch_mean, sm)\nv = Select(phase, batch_variance, sv)\n" + CHAIN,
        {"other:0": "mean", "not other:0": "mean2"},
    ),
    "statistics of a chain without training mode": (
        CHOSEN.replace("sm", "m").replace("sv", "v") + CHAIN,
        {"other:0": "mean", "not other:0": "mean2"},
    ),
}


def report(text: str) -> Report:
    """What is found on the way to y."""
    return inspect(graph(text), outputs=["y"])


def only(text: str) -> BatchNorm:
    (layer,) = report(text).layers
    return layer


def whens(layer: BatchNorm) -> dict[str, str]:
    return {condition(one.when): one.moving.mean.node.label for one in layer.sets}


ALWAYS = {
    "outputs": "in = Select(always, first, second)\ny = Select(phase, train, in)\n",
    "by a negation": (
        "never = LogicalNot(always)\nin = Select(never, second, first)\ny = Select(phase, train, in)\n"
    ),
    "statistics": CASES["statistics of a fused op"][0].replace("Select(other", "Select(always"),
}


@pytest.mark.parametrize("case", ALWAYS)
@pytest.mark.parametrize(("always", "mean"), [("true", "mean"), ("false", "mean2")])
def test_a_constant_leaves_one_set(case: str, always: str, mean: str) -> None:
    (layer,) = inspect(graph(HEAD + f"always = Const({always})\n" + ALWAYS[case]), ["y"]).layers
    assert layer.sets == ()
    assert layer.moving_mean is not None
    assert (layer.moving_mean.node.name, layer.statistics.state) == (mean, State.STORED)


@pytest.mark.parametrize("name", CASES)
def test_every_set_and_when_it_serves(name: str) -> None:
    text, expected = CASES[name]
    layer = only(HEAD + text)
    assert whens(layer) == expected
    assert (layer.moving, layer.statistics.state) == (None, State.UNREAD)
    assert [one.statistics.state for one in by_set(layer)] == [State.STORED, State.STORED]


@pytest.mark.parametrize(
    "text",
    [
        "y = Select(phase, train, first)\n",
        "again = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false)\n"
        "in = Select(other, first, again)\ny = Select(phase, train, in)\n",
        "m = Select(phase, batch_mean, mean)\nv = Select(phase, batch_variance, variance)\n" + CHAIN,
    ],
)
def test_one_set_is_not_listed(text: str) -> None:
    layer = only(HEAD + text)
    assert layer.mode is Mode.SWITCHED
    assert layer.sets == ()
    assert by_set(layer) == (layer,)
    assert layer.statistics.state is State.STORED


BY_NUMBER = HEAD + CASES["outputs, by a number"][0]


@pytest.mark.parametrize(("values", "mean"), [({"mode:0": 1}, "mean"), ({"mode:0": 2}, "mean2"), ({}, None)])
def test_the_set_that_serves_with_what_is_fed(values: dict[str, int], mean: str | None) -> None:
    moving = serving(only(BY_NUMBER), values).moving_mean
    assert (None if moving is None else moving.node.label) == mean


@pytest.mark.parametrize(("default", "mean"), [("true", "mean"), ("false", "mean2")])
def test_the_set_that_serves_by_default(default: str, mean: str) -> None:
    asked = f"given = Const({default})\nother = PlaceholderWithDefault(given, dtype=bool, shape=[])"
    text = HEAD.replace("other = Placeholder(dtype=bool, shape=[])", asked)
    layer = only(text + CASES["outputs, by a further predicate"][0])
    moving = serving(layer, {}).moving_mean
    assert moving is not None
    assert moving.node.label == mean


def test_rules_see_the_numbers_of_every_set() -> None:
    found = list(stored(Case(report=report(BY_NUMBER)), State.STORED))
    assert [values.node for values in found] == ["mean", "mean2"]
    np.testing.assert_array_equal(found[1].mean, [4.0, 5.0, 6.0])


def test_a_finding_says_when_its_set_serves() -> None:
    broken = report(BY_NUMBER.replace("[7.0, 8.0, 9.0]", "[7.0, -8.0, 9.0]"))
    (found,) = (one for one in judge(Case(report=broken)).findings if one.code == "BN203")
    assert found.node == "variance2"
    assert found.message.startswith("if mode:0 != 1: 1 of 3 channels have a negative moving variance")


def test_refresh_writes_none_of_several() -> None:
    slots, left = find_slots(report(BY_NUMBER), create=False)
    assert slots == ()
    assert [one.reason for one in left] == [
        "refresh writes one set of statistics, and it has several: they are those of first when mode:0 == 1, "
        "or those of second when mode:0 != 1"
    ]


def test_the_verdict_counts_layers_with_several_sets_and_the_state_of_each() -> None:
    assert verdict(report(BY_NUMBER)).text.endswith("must be fed); several sets of statistics")
    broken = BY_NUMBER.replace("[7.0, 8.0, 9.0]", "[7.0, -8.0, 9.0]")
    assert verdict(report(broken)).text.endswith("; invalid statistics, several sets of statistics")


def test_the_screen_says_each_set_and_when_it_serves() -> None:
    found = report(BY_NUMBER)
    assert [f"{line.label}{line.text}" for line in state_lines(found.layers, found)] == [
        "2 sets of statistics can serve inference (y)",
        "if mode:0 == 1: first reads mean, stored: moving mean -0.5 to 0.5, moving variance 0.5 to 2.5",
        "if mode:0 != 1: second reads mean2, stored: moving mean 4 to 6, moving variance 7 to 9",
    ]
    said = [line.text for line in numbers(found.layers[0])]
    assert said[0].startswith("if mode:0 == 1: statistics stored: moving_mean -0.5 .. 0.5")
    assert said[1].startswith("if mode:0 != 1: statistics stored: moving_mean 4 .. 6")


def test_the_document_has_each_set() -> None:
    found = report(BY_NUMBER)
    (entry,) = graph_document(found, found.layers)["layers"]
    assert entry["statistics"]["state"] == "unread"
    assert [(one["when"], one["node"], one["moving_mean"]) for one in entry["statistics_sets"]] == [
        ("mode:0 == 1", "first", "mean"),
        ("mode:0 != 1", "second", "mean2"),
    ]
