"""How far values moved: against NumPy in float64, and the values that are no ordinary numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.comparison import change as change_module
from bninspect.batchnorm.comparison.change import FLOOR, change, statistics_change
from bninspect.batchnorm.comparison.comparison import diff
from bninspect.batchnorm.layer import State, Statistics, StoredStatistics
from bninspect.graphdef import TensorValue
from bninspect.graphdef.schema import message_class
from bninspect.models.checkpoint.checkpoint import Checkpoint
from bninspect.models.restore import load
from tests.support.places import FIXTURES
from tests.support.text import graph

if TYPE_CHECKING:
    from bninspect.batchnorm.comparison.change import TensorChange
    from bninspect.graph import Node

CASES = ["wired_14", "slow_115", "format_v1_14", "ewma_called_115"]
EXACT = 1e-12
"""Relative, of sums of a few float64."""


def node(values: str) -> Node:
    """A constant."""
    return graph(f"kept = Const({values})\n").node("kept")


def between(old: str, new: str) -> TensorChange:
    return change([node(old)], [node(new)])


@pytest.mark.parametrize("case", CASES)
def test_the_numbers_of_checkpoints(case: str) -> None:
    prefixes = [str(FIXTURES / "training" / case / f"model.ckpt-{step}") for step in (0, 20)]
    (move,) = diff(*(inspect(load(prefix)) for prefix in prefixes)).layers
    olds, news = (Checkpoint.open(prefix) for prefix in prefixes)
    for found in move.parameters:
        (key,) = found.nodes
        old, new = (held[key].array().astype(np.float64) for held in (olds, news))
        sizes = max(np.linalg.norm(old), np.linalg.norm(new))
        assert found.relative == pytest.approx(np.linalg.norm(new - old) / sizes, rel=EXACT)
        assert found.max_abs == np.abs(new - old).max()
        assert found.values == old.size
    kept = [move.new.moving_mean, move.new.moving_variance]
    (mean, mean2), (variance, variance2) = (
        [held[tensor.node.name].array().astype(np.float64) for held in (olds, news)]
        for tensor in kept
        if tensor is not None
    )
    d = (mean2 - mean) / np.sqrt(variance + 0.001)
    r = np.sqrt((variance2 + 0.001) / (variance + 0.001))
    assert move.new.epsilon == pytest.approx(0.001, rel=1e-7)
    told = move.statistics
    assert told.d == pytest.approx(d, rel=1e-7)
    assert told.r == pytest.approx(r, rel=1e-7)
    assert told.rms_w == pytest.approx(np.sqrt(np.mean(d**2 + (r - 1) ** 2)), rel=1e-7)
    assert told.max_abs_mean == np.abs(mean2 - mean).max()
    assert told.max_abs_variance == np.abs(variance2 - variance).max()
    worst = told.worst
    assert worst is not None
    assert worst.channel == int(np.argmax(np.hypot(d, r - 1)))


def test_a_start_at_zero_counts_as_one() -> None:
    found = between("[0.0, 0.0]", "[0.1, -0.2]")
    assert found.moved
    assert found.relative == pytest.approx(1.0, rel=EXACT)


def test_what_is_next_to_nothing_is_held_against_the_floor() -> None:
    found = between("[0.0, 0.0]", "[1e-9, 0.0]")
    assert found.moved
    assert found.relative == pytest.approx(1e-9 / (FLOOR * np.sqrt(2)), rel=1e-6)


def test_the_same_is_zero() -> None:
    found = between("[1.0, 2.0]", "[1.0, 2.0]")
    assert (found.moved, found.relative, found.max_abs) == (False, 0.0, 0.0)


def test_the_last_bit_is_a_move() -> None:
    assert between("[1.0, 2.0]", f"[1.0, {float(np.nextafter(np.float32(2), np.float32(3)))}]").moved


def test_several_tensors_are_one_vector() -> None:
    olds, news = [node("[3.0, 0.0]"), node("[0.0, 4.0]")], [node("[3.0, 0.0]"), node("[0.0, 5.0]")]
    found = change(olds, news)
    assert (found.values, found.max_abs) == (4, 1.0)
    assert found.relative == pytest.approx(1 / np.sqrt(34), rel=EXACT)


def test_values_that_are_not_finite() -> None:
    same = between("[1.0, 1e999]", "[1.0, 1e999]")
    assert same.moved is False
    other = between("[1.0, 2.0]", "[1.0, 1e999]")
    assert other.moved
    assert str(other.relative) == "nan"


def test_other_shapes_types_and_counts_are_told() -> None:
    assert between("[1.0]", "[1.0, 2.0]").reason == "kept is of shape [1] in OLD, [2] in NEW"
    assert change([node("[1.0]")], []).reason == "OLD has 1 tensors of them, NEW has 0"
    variable = graph("kept = VariableV2(dtype=float, shape=[2])\n").node("kept")
    assert change([variable], [node("[1.0, 2.0]")]).reason == "kept is a variable that was not read in OLD"
    text = graph("kept = Placeholder(dtype=float, shape=[2])\n").node("kept")
    assert change([node("[1.0, 2.0]")], [text]).reason == "kept is not stored in the file in NEW"
    words = node('["a"]')
    assert change([words], [words]).reason == "kept is of type string, shape [1] in OLD"


def claimed(values: list[float], *sizes: int, dtype: int = 1) -> Node:
    """A variable whose checkpoint holds these values, for a shape that may have more."""
    message = message_class("TensorProto")(dtype=dtype)
    (message.double_val if dtype == 2 else message.float_val).extend(values)
    for size in sizes:
        message.tensor_shape.dim.add(size=size)
    kept = graph("kept = VariableV2(dtype=float, shape=[2])\n").node("kept")
    kept.stored = TensorValue(message)
    return kept


@pytest.mark.parametrize("sizes", [(1 << 17, 1 << 17, 2), (-1, 3)])
def test_a_shape_that_no_tensor_has_is_not_compared(sizes: tuple[int, ...]) -> None:
    found = change([node("[1.0, 2.0]")], [claimed([0.0], *sizes)])
    assert found.reason == f"kept is of type float, shape {[*sizes]} in NEW"
    assert (found.moved, found.values, found.relative, found.max_abs) == (None, 0, None, None)


def test_a_large_tensor_of_one_value_is_not_made() -> None:
    """The shape is a claim of 4e9 values; the file holds one."""
    found = change(*([claimed([value], 1 << 16, 1 << 16)] for value in (1.0, 1.5)))
    assert (found.values, found.max_abs) == (1 << 32, 0.5)
    assert found.relative == pytest.approx(1 / 3, rel=EXACT)


@pytest.mark.parametrize("sizes", [(1, 4), (4,), (2, 2)])
@pytest.mark.parametrize("news", [[1.0], [1.0, 1.0, 1.0, 1.5], [1.0, 1.0, 1.0, 1.0]])
def test_one_value_for_a_shape_is_as_good_as_all_written(sizes: tuple[int, ...], news: list[float]) -> None:
    """In both files, or in one of them."""
    filled, written = claimed([1.0], *sizes), claimed(news, *sizes)
    gap = max(news) - 1.0
    for pair in ((filled, written), (written, filled)):
        found = change([pair[0]], [pair[1]])
        assert (found.moved, found.values, found.max_abs) == (gap > 0, 4, gap)
        assert found.relative == pytest.approx(gap / np.sqrt(max(4.0, sum(value**2 for value in news))))


def test_a_large_tensor_is_taken_piece_by_piece() -> None:
    """The piece at the end is a short one; a tensor of one value is cut into the same."""
    size = change_module._CHUNK + 3
    values = np.ones(size, np.float32)
    values[[0, -1]] = 1.5
    message = message_class("TensorProto")(dtype=1, tensor_content=values.tobytes())
    message.tensor_shape.dim.add(size=size)
    written = claimed([1.0], size)
    written.stored = TensorValue(message)
    for old, new in ((claimed([1.0], size), written), (written, claimed([1.0], size))):
        found = change([old], [new])
        assert (found.moved, found.values, found.max_abs) == (True, size, 0.5)
        assert found.relative == pytest.approx(np.sqrt(0.5 / (size + 2.5)), rel=EXACT)


def test_the_same_large_values_have_not_moved() -> None:
    """Their squares are no numbers any more, what is between them is."""
    for old, new, relative in ((1e200, 1e200, "0.0"), (1e200, 0.0, "nan"), (1.4e154, 0.1e154, "nan")):
        found = change([claimed([old], dtype=2)], [claimed([new], dtype=2)])
        assert (found.moved, str(found.relative), found.max_abs) == (old != new, relative, old - new)


def test_no_values_have_not_moved() -> None:
    found = between("[]", "[]")
    assert (found.moved, found.values, found.relative, found.max_abs) == (False, 0, 0.0, 0.0)


def test_one_value_next_to_nothing_is_held_against_the_floor() -> None:
    assert between("0.0", "1e-9").relative == pytest.approx(1e-9 / FLOOR, rel=1e-6)


def test_a_value_that_cannot_be_read_is_said() -> None:
    broken = claimed([], 2)
    broken.stored = TensorValue(message_class("TensorProto")(dtype=1, tensor_content=b"12345"))
    found = change([node("1.0")], [broken])
    assert (found.moved, found.values) == (None, 0)
    assert found.reason is not None
    assert found.reason.startswith("damaged: ")


@pytest.mark.parametrize(("value", "moved"), [(0.5, False), (0.1, True)])
def test_values_of_two_types_are_compared_as_float64(value: float, moved: bool) -> None:
    """0.1 as a float is another number than 0.1 as a double."""
    found = change([claimed([value, np.nan], 2)], [claimed([value, np.nan], 2, dtype=2)])
    assert found.moved is moved


def held(mean: list[float], variance: list[float]) -> Statistics:
    """Statistics with these values."""
    kept = [
        TensorValue(message_class("TensorProto")(dtype=2, double_val=values, tensor_shape=shape(len(values))))
        for values in (mean, variance)
    ]
    values = StoredStatistics(
        mean=kept[0], variance=kept[1], mean_range=(None, None), variance_range=(None, None)
    )
    return Statistics(state=State.STORED, values=values)


def shape(size: int) -> object:
    found = message_class("TensorShapeProto")()
    found.dim.add(size=size)
    return found


def test_channels_that_are_no_numbers_are_counted_and_left_out() -> None:
    old, new = held([0.0, np.nan, 0.0], [1.0, 1.0, -2.0]), held([2.0, np.nan, 0.0], [1.0, 1.0, -2.0])
    found = statistics_change(old, new, None)
    assert (found.moved, found.undefined, found.channels) == (True, 2, 3)
    assert found.rms_w == 2.0
    assert found.worst == (0, 2.0, 1.0, 2.0)
    assert str(found.max_abs_mean) == "nan"


@pytest.mark.parametrize("lost", ["mean", "variance", "new mean", "new variance"])
@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_channel_of_which_any_number_is_not_finite_is_left_out(lost: str, value: float) -> None:
    names = ("mean", "variance", "new mean", "new variance")
    mean, variance, new_mean, new_variance = (
        [number, value if lost == name else number]
        for name, number in zip(names, (0.0, 1, 2, 1), strict=True)
    )
    found = statistics_change(held(mean, variance), held(new_mean, new_variance), None)
    assert (found.undefined, found.rms_w, found.worst) == (1, 2.0, (0, 2.0, 1.0, 2.0))


@pytest.mark.parametrize(
    ("variance", "epsilon", "d"),
    [
        (0.0, None, None),
        (0.0, 0.25, 4.0),
        (0.25, None, 4.0),
        (-0.25, 0.5, 4.0),
        (-0.5, 0.5, None),
        (0.05, 0.2, 4.0),
    ],
)
def test_the_scale_is_the_variance_of_old_and_epsilon(
    variance: float, epsilon: float | None, d: float | None
) -> None:
    """Where that is nothing, or less, a channel has no W; the moves are those of the values."""
    found = statistics_change(held([1.0], [variance]), held([3.0], [variance + 2.0]), epsilon)
    assert found.d is not None
    assert (None if np.isnan(found.d[0]) else float(found.d[0])) == (None if d is None else pytest.approx(d))
    assert (found.undefined, found.channels, found.worst is None) == (int(d is None), 1, d is None)
    assert found.max_abs_mean == 2.0
    assert found.max_abs_variance == pytest.approx(2.0)


@pytest.mark.parametrize(("which", "moved"), [("mean", True), ("variance", True), ("neither", False)])
def test_either_statistic_may_move(which: str, moved: bool) -> None:
    new = held([2.0 if which == "mean" else 1.0], [2.0 if which == "variance" else 1.0])
    assert statistics_change(held([1.0], [1.0]), new, None).moved is moved


def test_nan_that_stays_has_not_moved() -> None:
    found = statistics_change(held([np.nan], [np.nan]), held([np.nan], [np.nan]), 0.001)
    assert (found.moved, found.rms_w, found.worst) == (False, None, None)


def test_statistics_of_other_sizes_are_not_compared() -> None:
    found = statistics_change(held([0.0], [1.0]), held([0.0, 0.0], [1.0, 1.0]), 0.001)
    assert (found.moved, found.reason) == (None, "1 and 1 values in OLD, 2 and 2 in NEW")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("pruned away", "stored", "in OLD: pruned away"),
        ("stored", "pruned away", "in NEW: pruned away"),
        (None, "stored", "in OLD: absent"),
        ("pruned away", "pruned away", "pruned away"),
        (None, None, "absent"),
        ("pruned away", "not read", "in OLD: pruned away; in NEW: not read"),
    ],
)
def test_statistics_that_a_file_lacks(old: str | None, new: str | None, reason: str) -> None:
    before, after = (
        held([0.0], [1.0]) if why == "stored" else Statistics(state=State.ABSENT, reason=why)
        for why in (old, new)
    )
    found = statistics_change(before, after, 0.001)
    assert (found.moved, found.reason, found.channels, found.undefined) == (None, reason, 0, 0)
    assert (found.rms_w, found.worst, found.max_abs_mean, found.max_abs_variance) == (None, None, None, None)
