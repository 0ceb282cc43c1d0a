"""Moments taken inside a graph, against NumPy in float64, over shapes, layouts, types and large means."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.errors import RewriteError
from bninspect.graphdef.writer import serialized
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.moments import measure
from bninspect.rewrite.prune import prune
from bninspect.run.session import Session
from tests.support.text import graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]

SHAPES = [(5, 7), (3, 6, 4), (2, 5, 6, 3), (1, 1, 1, 8), (4, 1, 1, 1), (2, 3, 4, 5, 6), (3, 13, 11, 17)]
CHANNELS_FIRST = [(5, 7), (3, 4, 6), (2, 3, 5, 6), (2, 6, 3, 4, 5)]


def measured(
    x: Array, data_format: str | None, dtype: str = "float", kept_axes: tuple[int, ...] = ()
) -> tuple[Array, Array, int]:
    """Mean, variance and values, from a graph of one Placeholder of unknown rank, cast to another type where
    given."""
    shape = f", shape={list(x.shape)}" if kept_axes else ""
    lines = f"image = Placeholder(dtype=float)\nx = Cast(image, SrcT=float, DstT={dtype})"
    if dtype in ("float", "double"):
        lines = f"x = Placeholder(dtype={dtype}{shape})"
    model = graph(lines)
    edits = Edits(model)
    found = measure(edits, model.node("x").output(), data_format=data_format, kept_axes=kept_axes)
    tensors = (found.mean, found.variance, found.values)
    pruned = prune(edits, tensors)
    feed = "x:0" if dtype in ("float", "double") else "image:0"
    with Session(serialized(pruned.graphdef)) as session:
        mean, variance, values = session.run([pruned.names[tensor] for tensor in tensors], {feed: x})
    return mean, variance, int(values.item())


def reference(x: Array, data_format: str | None) -> tuple[Array, Array]:
    """Per image and channel, in float64."""
    wide = np.asarray(x, np.float64)
    if data_format == "NCHW":
        flat = wide.reshape(*wide.shape[:2], -1)
        return flat.mean(axis=2), flat.var(axis=2)
    flat = wide.reshape(wide.shape[0], -1, wide.shape[-1])
    return flat.mean(axis=1), flat.var(axis=1)


@pytest.mark.parametrize(
    ("shape", "kept_axes"),
    [
        ((3, 4, 5, 6), (-2, -1)),
        ((3, 4, 5, 6), (-3, -2, -1)),
        ((5, 7, 2), (-2, -1)),
        ((3, 4, 5, 6), (-3, -1)),
        ((3, 4, 5, 6), (-3, -2)),
        ((3, 4, 5, 6), (-2,)),
    ],
)
def test_several_axes_with_statistics_of_their_own(
    shape: tuple[int, ...], kept_axes: tuple[int, ...]
) -> None:
    """These axes together are what elsewhere the channels are."""
    x = np.random.default_rng(2).normal(2, 3, shape).astype(np.float32)
    mean, variance, values = measured(x, "NHWC", kept_axes=kept_axes)
    last = np.moveaxis(x.astype(np.float64), kept_axes, tuple(range(-len(kept_axes), 0)))
    flat = last.reshape(shape[0], -1, math.prod(shape[axis] for axis in kept_axes))
    assert values == flat.shape[1]
    np.testing.assert_allclose(mean, flat.mean(axis=1), rtol=0, atol=3e-6)
    np.testing.assert_allclose(variance, flat.var(axis=1), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "data_format"),
    [(shape, "NHWC") for shape in SHAPES]
    + [(shape, "NCHW") for shape in CHANNELS_FIRST]
    + [((2, 4, 4, 3), None)],
)
def test_shapes_and_layouts(shape: tuple[int, ...], data_format: str | None) -> None:
    x = np.random.default_rng(1).normal(2, 3, shape).astype(np.float32)
    mean, variance, values = measured(x, data_format)
    expected_mean, expected_variance = reference(x, data_format)
    channels = shape[1] if data_format == "NCHW" else shape[-1]
    assert mean.shape == variance.shape == (shape[0], channels)
    assert values == x.size // shape[0] // channels
    np.testing.assert_allclose(mean, expected_mean, rtol=0, atol=3e-6)
    np.testing.assert_allclose(variance, expected_variance, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize(("scale", "tolerance"), [(0, 1e-6), (100, 2e-6), (1_000, 1e-5), (10_000, 1e-4)])
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_mean_far_above_the_standard_deviation(scale: float, tolerance: float, data_format: str) -> None:
    """The variance of x with mean/std = scale, in float32; the tolerance is relative."""
    shape = (3, 56, 48, 8) if data_format == "NHWC" else (3, 8, 56, 48)
    x = np.random.default_rng(2).normal(scale, 1, shape).astype(np.float32)
    mean, variance, _ = measured(x, data_format)
    expected_mean, expected_variance = reference(x, data_format)
    np.testing.assert_allclose(variance, expected_variance, rtol=tolerance)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["half", "bfloat16"])
def test_narrow_types_are_measured_in_float32(dtype: str) -> None:
    """Whole numbers that both types hold exactly; 1,024 of them overflow a sum in half."""
    x = np.random.default_rng(3).integers(100, 256, (2, 32, 32, 4)).astype(np.float32)
    mean, variance, _ = measured(x, "NHWC", dtype)
    expected_mean, expected_variance = reference(x, "NHWC")
    assert mean.dtype == variance.dtype == np.float32
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-6)
    np.testing.assert_allclose(variance, expected_variance, rtol=2e-6)


def test_float64_stays_float64() -> None:
    x = np.random.default_rng(4).normal(1e6, 1, (2, 9, 9, 3))
    mean, variance, _ = measured(x, "NHWC", "double")
    expected_mean, expected_variance = reference(x, "NHWC")
    assert mean.dtype == np.float64
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-14)
    np.testing.assert_allclose(variance, expected_variance, rtol=1e-9)


def test_what_is_not_finite_stays_in_its_channel() -> None:
    x = np.ones((2, 4, 4, 3), np.float32)
    x[1, 2, 2, 1] = np.inf
    mean, variance, _ = measured(x, "NHWC")
    assert np.isinf(mean[1, 1])
    assert np.isnan(variance[1, 1])
    assert np.isfinite(np.delete(mean.ravel(), 4)).all()
    assert np.isfinite(np.delete(variance.ravel(), 4)).all()


def test_what_readers_read_after_the_edits_is_measured() -> None:
    """A redirected tensor; what stood in its place is not needed."""
    model = graph("x = Placeholder(dtype=float)\ny = Neg(x, T=float)\nold = Abs(x, T=float)")
    edits = Edits(model)
    edits.redirect(model.node("old").output(), model.node("y").output())
    found = measure(edits, model.node("old").output(), data_format="NHWC")
    pruned = prune(edits, [found.mean])
    assert "old" not in {node.name for node in pruned.kept}
    with Session(serialized(pruned.graphdef)) as session:
        (mean,) = session.run([pruned.names[found.mean]], {"x:0": np.full((1, 2, 1), 3, np.float32)})
    assert mean.tolist() == [[-3]]


def test_two_tensors_of_one_node_and_the_same_one_twice() -> None:
    model = graph("x = Placeholder(dtype=float)")
    edits = Edits(model)
    found = [measure(edits, model.node("x").output(), data_format=layout) for layout in ("NHWC", "NCHW")]
    pruned = prune(edits, [part.mean for part in found])
    x = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    with Session(serialized(pruned.graphdef)) as session:
        last, first = session.run([pruned.names[part.mean] for part in found], {"x:0": x})
    np.testing.assert_allclose(last, [[1.5, 2.5, 3.5]], rtol=1e-6)
    np.testing.assert_allclose(first, [[1, 4]], rtol=1e-6)


def test_a_type_that_cannot_be_told_is_refused_and_can_be_given() -> None:
    model = graph("x = Mystery()")
    with pytest.raises(RewriteError, match="the type of x:0"):
        measure(Edits(model), model.node("x").output(), data_format="NHWC")
    assert (
        measure(Edits(model), model.node("x").output(), data_format="NHWC", dtype="float").mean.node.op
        == "Squeeze"
    )
