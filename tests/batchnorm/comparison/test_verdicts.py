"""What moved and what did not: every case of weights and statistics, of either file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.comparison.comparison import Verdict, diff
from bninspect.errors import BninspectError
from bninspect.graphdef import TensorValue
from bninspect.graphdef.schema import message_class
from tests.support.catching import fused
from tests.support.parts import IMAGE
from tests.support.text import graph

if TYPE_CHECKING:
    from bninspect.batchnorm import Report
    from bninspect.batchnorm.comparison.comparison import Comparison, LayerMove

Values = dict[str, list[float]]
VARIABLES = "".join(
    f"{name} = VariableV2(dtype=float, shape=[3])\n"
    for name in ("kernel", "gamma", "beta", "mean", "variance")
)
MADE = IMAGE + VARIABLES + "made = Mul(x, kernel)\n"
FIXED = MADE + fused(x="made")
KEPT: Values = {
    "kernel": [1.0, 2.0, 3.0],
    "gamma": [1.0, 1.0, 1.0],
    "beta": [0.0, 0.5, 0.0],
    "mean": [0.5, 0.5, 0.5],
    "variance": [1.0, 2.0, 1.0],
}


def stored(values: list[float], dtype: int = 1) -> TensorValue:
    """One value, or a vector."""
    message = message_class("TensorProto")(dtype=dtype)
    if dtype == 9:
        message.int64_val.extend(int(value) for value in values)
    else:
        message.float_val.extend(values)
    if len(values) != 1:
        message.tensor_shape.dim.add(size=len(values))
    return TensorValue(message)


def with_values(values: Values, text: str = FIXED) -> Report:
    """A training graph whose checkpoint holds these."""
    made = graph(text)
    for name, numbers in values.items():
        node = made.node(name)
        node.stored = stored(numbers, 9 if node.attr("dtype") == "int64" else 1)
    return inspect(made)


def only(found: Comparison) -> LayerMove:
    (move,) = found.layers
    return move


def moved(*names: str) -> Values:
    return {name: [value + 0.25 for value in KEPT[name]] for name in names}


def without(*names: str) -> Values:
    return {name: values for name, values in KEPT.items() if name not in names}


VERDICTS = {
    "nothing": (KEPT, Verdict.NOTHING),
    "weights": (KEPT | moved("kernel"), Verdict.STALE),
    "gamma": (KEPT | moved("gamma"), Verdict.STALE),
    "beta": (KEPT | moved("beta"), Verdict.STALE),
    "mean": (KEPT | moved("mean"), Verdict.STATISTICS),
    "variance": (KEPT | moved("variance"), Verdict.STATISTICS),
    "both": (KEPT | moved("beta", "mean"), Verdict.BOTH),
    "weights unread": (without("kernel"), Verdict.WEIGHTS_UNREAD),
    "weights unread, gamma moved": (without("kernel") | moved("gamma"), Verdict.STALE),
    "weights unread, mean moved": (without("kernel") | moved("mean"), Verdict.WEIGHTS_UNREAD),
    "statistics unread": (without("mean"), Verdict.UNREAD),
    "statistics unread, weights moved": (without("mean") | moved("kernel"), Verdict.UNREAD),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_what_moved(case: str) -> None:
    values, verdict = VERDICTS[case]
    assert only(diff(with_values(KEPT), with_values(values))).verdict is verdict
    assert only(diff(with_values(values), with_values(KEPT))).verdict is verdict


def test_the_layer_is_called_as_in_new_and_its_parameters_are_three() -> None:
    old = with_values(KEPT, FIXED.replace("y =", "one/bn ="))
    new = with_values(KEPT | moved("gamma"), FIXED.replace("y =", "two/bn ="))
    move = only(diff(old, new))
    assert (move.name, move.old.name, move.matched) == ("two", "one", "order")
    assert [one.nodes for one in move.parameters] == [("kernel",), ("gamma",), ("beta",)]
    assert [one.moved for one in move.parameters] == [False, True, False]
    assert move.statistics.moved is False
    assert move.reason is None


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (("gamma",), "gamma is a variable that was not read in NEW"),
        (("kernel", "beta"), "kernel is a variable that was not read in NEW"),
        (("mean", "kernel"), "in NEW: they are in variables, which were not read"),
    ],
    ids=["gamma", "the first of several", "statistics before all"],
)
def test_what_could_not_be_compared(lost: tuple[str, ...], reason: str) -> None:
    assert only(diff(with_values(KEPT), with_values(without(*lost)))).reason == reason


def test_where_nothing_could_be_compared_is_an_error() -> None:
    unread = with_values({})
    line = "text and text: no value could be compared: they are in variables, which were not read; a .meta "
    with pytest.raises(BninspectError, match=line):
        diff(unread, unread)
    for name in ("gamma", "kernel", "beta"):
        one = with_values({name: KEPT[name]})
        assert only(diff(one, one)).verdict is Verdict.UNREAD
    statistics = with_values(without("gamma", "beta", "kernel"))
    assert only(diff(statistics, statistics)).verdict is Verdict.WEIGHTS_UNREAD


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [(FIXED, IMAGE + VARIABLES + fused(), (1, 0)), (IMAGE + VARIABLES + fused(), FIXED, (0, 1))],
    ids=["OLD", "NEW"],
)
def test_weights_that_one_file_alone_has(old: str, new: str, counts: tuple[int, int]) -> None:
    move = only(diff(with_values(KEPT, old), with_values(KEPT, new)))
    assert move.reason == f"OLD has {counts[0]} tensors of them, NEW has {counts[1]}"
    assert move.verdict is Verdict.WEIGHTS_UNREAD


START: Values = {"mean": [0.0, 0.0, 0.0], "variance": [1.0, 1.0, 1.0]}
NEGATIVE: Values = {"variance": [1.0, -1.0, 1.0]}


@pytest.mark.parametrize(
    ("old", "new", "is_reset"),
    [
        (KEPT, KEPT | START, True),
        (KEPT | NEGATIVE, KEPT | START, True),
        (KEPT | START, KEPT | START, False),
        (KEPT, KEPT, False),
        (KEPT | START, KEPT, False),
        (without("mean"), KEPT | START, False),
    ],
    ids=["reset", "reset from what is invalid", "never moved", "kept", "learned", "unread before"],
)
def test_statistics_that_were_reset(old: Values, new: Values, is_reset: bool) -> None:
    assert only(diff(with_values(old), with_values(new))).is_reset is is_reset


BARE = (
    IMAGE
    + "".join(line + "\n" for line in VARIABLES.splitlines() if line.startswith(("mean", "variance")))
    + "gamma = Const([1.0, 1.0, 1.0])\nbeta = Const([0.0, 0.0, 0.0])\n"
    + fused()
)
COUNTED = BARE + (
    "weight = VariableV2(dtype=float, shape=[3])\nsteps = VariableV2(dtype=int64, shape=[])\n"
    "one = Const(1)\nrate = Const(0.1)\ngradient = Mul(weight, weight)\nhead = Relu(y)\n"
    "learn = ApplyGradientDescent(weight, rate, gradient)\ncount = AssignAdd(steps, one, ^learn)\n"
)
STATISTICS = {name: KEPT[name] for name in ("mean", "variance")}


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        ((5, 5), Verdict.NOTHING),
        ((5, 20), Verdict.STALE),
        ((None, 20), Verdict.NOTHING),
        ((5, None), Verdict.NOTHING),
        ((None, None), Verdict.NOTHING),
    ],
    ids=["no step", "steps", "steps of NEW alone", "steps of OLD alone", "none counted"],
)
def test_a_layer_with_nothing_that_learns_goes_by_the_steps(
    steps: tuple[int | None, int | None], verdict: Verdict
) -> None:
    """Its gamma and beta are constants beside variables, and no weights stand before it."""
    found = diff(
        *(with_values(STATISTICS if at is None else {**STATISTICS, "steps": [at]}, COUNTED) for at in steps)
    )
    assert found.steps == steps
    assert (only(found).parameters, only(found).verdict) == ((), verdict)


@pytest.mark.parametrize("held", [[1, 2], []], ids=["several", "none"])
def test_a_step_that_is_not_one_number_is_none(held: list[float]) -> None:
    report = with_values({**STATISTICS, "steps": held}, COUNTED)
    assert diff(report, report).steps == (None, None)


def test_a_step_that_cannot_be_read_is_none() -> None:
    report = with_values(STATISTICS, COUNTED)
    message = message_class("TensorProto")(dtype=9, tensor_content=b"123")
    report.graph.node("steps").stored = TensorValue(message)
    assert diff(report, report).steps == (None, None)


def test_a_layer_with_nothing_that_learns_goes_by_the_other_layers() -> None:
    text = BARE + (
        "kernel = VariableV2(dtype=float, shape=[3])\nmade = Mul(x, kernel)\n"
        + fused("z", "made").replace("mean, variance", "mean2, variance2")
        + "mean2 = VariableV2(dtype=float, shape=[3])\nvariance2 = VariableV2(dtype=float, shape=[3])\n"
    )
    values = {**STATISTICS, "mean2": KEPT["mean"], "variance2": KEPT["variance"], "kernel": KEPT["kernel"]}
    old, new = with_values(values, text), with_values(values | moved("kernel"), text)
    assert [move.verdict for move in diff(old, new).layers] == [Verdict.STALE] * 2
    assert [move.verdict for move in diff(old, old).layers] == [Verdict.NOTHING] * 2


FROZEN = (
    IMAGE
    + "".join(f"{name} = Const({values})\n" for name, values in KEPT.items())
    + "made = Mul(x, kernel)\n"
    + fused(x="made")
)


def test_constants_are_weights_only_where_no_file_has_variables() -> None:
    frozen = inspect(graph(FROZEN))
    assert [one.nodes for one in only(diff(frozen, frozen)).parameters] == [
        ("kernel",),
        ("gamma",),
        ("beta",),
    ]
    beside = inspect(graph(FROZEN + "count = VariableV2(dtype=int64, shape=[])\n"))
    assert only(diff(frozen, beside)).parameters == ()
    assert only(diff(beside, frozen)).parameters == ()


def test_a_constant_that_the_other_file_has_as_a_variable_is_compared() -> None:
    frozen, learning = inspect(graph(FROZEN)), with_values(KEPT | moved("gamma"))
    for pair in ((frozen, learning), (learning, frozen)):
        assert [one.moved for one in only(diff(*pair)).parameters] == [False, True, False]


def two_weights(first: str, second: str) -> Report:
    """A layer behind two weights."""
    text = MADE + "".join(f"{name} = VariableV2(dtype=float, shape=[3])\n" for name in (first, second))
    text += f"more = Mul(made, {first})\nmost = Mul(more, {second})\n" + fused(x="most")
    values = {"a": [1.0, 1.0, 1.0], "b": [2.0, 2.0, 2.0], "c": [2.0, 2.0, 2.0]}
    return with_values(KEPT | {name: values[name] for name in (first, second)}, text)


@pytest.mark.parametrize(
    ("old", "new", "relative"),
    [
        (("a", "b"), ("b", "a"), 0.0),
        (("a", "b"), ("a", "c"), 0.0),
        (("a", "b"), ("c", "a"), (6 / 29) ** 0.5),
    ],
    ids=["the same names", "in order", "in order, though one name is the same"],
)
def test_weights_are_paired_by_name_or_in_order(
    old: tuple[str, str], new: tuple[str, str], relative: float
) -> None:
    weights = only(diff(two_weights(*old), two_weights(*new))).weights
    assert weights is not None
    assert weights.nodes == (new[1], new[0], "kernel")
    assert weights.values == 9
    assert weights.relative == pytest.approx(relative)


def test_another_number_of_weights_is_not_compared() -> None:
    weights = only(diff(with_values(KEPT), two_weights("a", "b"))).weights
    assert weights is not None
    assert (weights.moved, weights.reason) == (None, "OLD has 1 tensors of them, NEW has 3")
