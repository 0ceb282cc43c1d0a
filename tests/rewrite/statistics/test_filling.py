"""New numbers for one place: mixed with the old ones if these are of use, refused if they do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bninspect.batchnorm.layer import State, Statistics
from bninspect.errors import RewriteError
from bninspect.graphdef import GraphDef, NodeDef, TensorValue, read
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.writer import new_node
from bninspect.rewrite.statistics.refill import exchange, filling, usable_statistics
from bninspect.rewrite.statistics.slots import Slot
from bninspect.statistics.pooling import Moments
from tests.support.messages import written
from tests.support.reports import held, layer

Numbers = list[float]


def constant(name: str, numbers: Any, dtype: str = "float") -> NodeDef:
    return new_node(name, "Const", (), {"dtype": dtype, "value": np.asarray(numbers)})


def slot(
    mean: Numbers | None = None, variance: Numbers | None = None, record: Any = None, **changes: Any
) -> Slot:
    """A place for two channels, with these old statistics."""
    stored = Statistics(state=State.ABSENT)
    if mean is not None and variance is not None:
        stored = Statistics(state=State.STORED, values=held(mean, variance))
    record = np.zeros(2, np.float32) if record is None else record
    places = {"mean": constant("m", record), "variance": constant("v", record), **changes}
    return Slot(layers=(layer("bn", statistics=stored),), **places)


def moments(mean: Numbers, variance: Numbers) -> Moments:
    return Moments(mean=np.array(mean), variance=np.array(variance), values=10)


NEW = moments([1.0, 2.0], [3.0, 4.0])
BEYOND = 70000.0
"""More than a float16 holds."""


@pytest.mark.parametrize(
    ("mean", "variance", "usable"),
    [
        ([1, 2], [3, 0], True),
        ([1, np.nan], [3, 4], False),
        ([1, 2], [3, np.inf], False),
        ([1, np.inf], [3, np.nan], False),
        ([1, 2], [3, -1], False),
        ([1, 2, 3], [3, 4], False),
    ],
    ids=["usable", "a mean", "a variance", "both", "negative", "of two sizes"],
)
def test_old_statistics_are_of_use_if_they_are_finite(mean: Numbers, variance: Numbers, usable: bool) -> None:
    found = usable_statistics(slot(mean, variance).layers[0])
    if usable:
        assert found is not None
        assert [part.tolist() for part in found] == [mean, variance]
    else:
        assert found is None
    assert usable_statistics(slot().layers[0]) is None


@pytest.mark.parametrize(
    ("old", "mix", "mean", "variance"),
    [
        (([5.0, 6.0], [7.0, 8.0]), 0.25, [2.0, 3.0], [4.0, 5.0]),
        (([5.0, 6.0], [7.0, 8.0]), 0.0, [1.0, 2.0], [3.0, 4.0]),
        (([5.0, 6.0], [7.0, -8.0]), 0.25, [1.0, 2.0], [3.0, 4.0]),
        ((None, None), 0.25, [1.0, 2.0], [3.0, 4.0]),
        (([5.0] * 3, [7.0] * 3), 0.0, [1.0, 2.0], [3.0, 4.0]),
    ],
    ids=[
        "a quarter of the old",
        "new alone",
        "the old are of no use",
        "there are none",
        "old of another size",
    ],
)
def test_old_and_new_are_mixed(old: tuple[Any, Any], mix: float, mean: Numbers, variance: Numbers) -> None:
    found = filling(slot(*old), NEW, mix)
    assert (found.mean.tolist(), found.variance.tolist()) == (mean, variance)
    assert found.mean.dtype == np.float32


def test_nothing_is_mixed_unasked() -> None:
    found = filling(slot([5.0, 6.0], [7.0, 8.0]), NEW)
    assert (found.mean.tolist(), found.variance.tolist()) == ([1.0, 2.0], [3.0, 4.0])


def test_a_mixture_of_two_sizes_is_refused() -> None:
    """Of three old channels and two new ones."""
    with pytest.raises(RewriteError, match="are of 3 values, and what it normalizes has 2 channels"):
        filling(slot([5.0] * 3, [7.0] * 3), NEW, 0.5)


@pytest.mark.parametrize(
    ("place", "new", "reason"),
    [
        (slot(), moments([1.0, np.nan], [3.0, 4.0]), "what it normalizes is not finite on these images"),
        (slot(), moments([1.0, 2.0], [3.0, np.inf]), "what it normalizes is not finite on these images"),
        (slot(), moments([1.0] * 3, [3.0] * 3), "are of 2 values, and what it normalizes has 3 channels"),
        (
            slot(record=np.zeros(2, np.int32)),
            NEW,
            "are of type int32, which cannot be written",
        ),
        (slot(record=np.zeros(2, np.float16)), moments([BEYOND, 0], [1, 1]), "beyond the range of half"),
        (slot(record=np.zeros(2, np.float16)), moments([0, 0], [1, BEYOND]), "beyond the range of half"),
    ],
    ids=["mean", "variance", "channels", "whole numbers", "a mean too large", "a variance too large"],
)
def test_numbers_that_cannot_stand_there(place: Slot, new: Moments, reason: str) -> None:
    with pytest.raises(RewriteError, match=reason):
        filling(place, new)


def test_numbers_of_bfloat16_cannot_be_written() -> None:
    """NumPy has no such type."""
    message = message_class("TensorProto")(dtype=14, half_val=[16256, 16256])
    message.tensor_shape.dim.add(size=2)
    record = new_node("m", "Const", (), {"dtype": "bfloat16", "value": TensorValue(message)})
    with pytest.raises(RewriteError, match="of type bfloat16, which cannot be written"):
        filling(Slot(layers=(layer("bn"),), mean=record, variance=record), NEW)


def test_the_layout_of_the_constant_stays() -> None:
    found = filling(slot(record=np.zeros((1, 2, 1), np.float64)), NEW)
    assert (found.mean.shape, found.variance.tolist()) == ((1, 2, 1), [[[3.0], [4.0]]])
    assert found.mean.dtype == np.float64


@pytest.mark.parametrize(
    ("op", "attributes", "dtype"),
    [
        ("FusedBatchNormV3", {"T": "half", "U": "float"}, np.float32),
        ("FusedBatchNormV3", {"T": "half", "U": "double"}, np.float64),
        ("FusedBatchNorm", {"T": "double", "U": "float"}, np.float64),
        ("FusedBatchNormV2", {"T": "double"}, np.float32),
        (None, {}, np.float32),
    ],
    ids=["U", "U of float64", "T of the first op", "unsaid", "a chain"],
)
def test_new_constants_are_of_the_type_that_the_op_takes(
    op: str | None, attributes: dict[str, Any], dtype: Any
) -> None:
    reader = None if op is None else new_node("bn", op, ("x", "g", "b", "e", "f"), attributes)
    found = filling(Slot(layers=(layer("bn"),), reader=reader), NEW)
    assert (found.mean.dtype, found.variance.dtype) == (dtype, dtype)


TAKEN = ("bn/moving_mean", "bn/moving_mean_1")


@pytest.mark.parametrize("inside", [False, True], ids=["top level", "a function"])
def test_a_fused_op_gets_constants_under_names_of_its_own(inside: bool, tmp_path: Any) -> None:
    """Names of nodes beside it, and of the arguments of its function, are taken."""
    message = message_class("GraphDef")()
    message.node.add(name="x", op="Placeholder")
    body = message.node
    if inside:
        function = message.library.function.add()
        function.signature.name = "f"
        function.signature.input_arg.add(name="bn/moving_variance", type=1)
        body = function.node_def
    for name in TAKEN:
        body.add(name=name, op="NoOp")
    node = body.add(name="bn", op="FusedBatchNormV3", input=["x", "g", "b", "old", "old", "^x"])
    node.attr["U"].type = 1
    graphdef: GraphDef = read(written(tmp_path, message))
    records = graphdef.functions["f"].nodes if inside else graphdef.nodes
    reader = records[-1]
    changed = exchange(graphdef, [filling(Slot(layers=(layer("bn"),), reader=reader), NEW)])
    mean, variance, new = changed[reader]
    assert (mean.name, variance.name) == (
        "bn/moving_mean_2",
        "bn/moving_variance_1" if inside else "bn/moving_variance",
    )
    port = ":output:0" if inside else ""
    assert new.inputs == ("x", "g", "b", mean.name + port, variance.name + port, "^x")
    assert [one.attr("value").array().tolist() for one in (mean, variance)] == [[1.0, 2.0], [3.0, 4.0]]
