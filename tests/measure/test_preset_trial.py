"""Every preset at the first layer, of a model that is a function of NumPy: gaps against the formula, and what
cannot be tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import RunError
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.pictures import Images
from bninspect.inputs.placeholders import Placeholder
from bninspect.inputs.preprocess import Recipe, prepare
from bninspect.measure.auto import trial
from bninspect.measure.examined import fitting
from tests.support.text import graph

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import Mode, Report
    from bninspect.graph import Tensor
    from bninspect.measure.companions.companions import Run
    from bninspect.measure.presets import PresetTrial

    Array = NDArray[Any]

DRAW = np.random.default_rng(3)
PIXELS = DRAW.integers(0, 256, (6, 8, 8, 3)) * np.array([1.0, 0.5, 0.9])
RECIPE = Recipe(size=None, channels=3, layout="NHWC", dtype=np.dtype(np.float32))
WHOLE = Recipe(size=None, channels=3, layout="NHWC", dtype=np.dtype(np.uint8))
EPSILON = 0.001


class Drawn(Images):
    """Images in memory."""

    def __init__(self, pixels: Array, recipe: Recipe) -> None:
        self.names = tuple(map(str, range(len(pixels))))
        self.count = len(pixels)
        self.recipe = recipe
        self._pixels = pixels

    def pixels(self, index: int) -> Array:
        one: Array = self._pixels[index]
        return one

    def batch(self, start: int, stop: int) -> Array:
        return np.stack([prepare(one, self.recipe) for one in self._pixels[start:stop]])


def model(mean: Sequence[float], variance: Sequence[float]) -> Report:
    """A fused layer right behind the image, and one behind it."""
    rows = {"mean": mean, "variance": variance, "gamma": [1.0] * 3, "beta": [0.0] * 3}
    constants = "\n".join(f"{name} = Const({[float(one) for one in row]})" for name, row in rows.items())
    how = f"T=float, U=float, is_training=false, epsilon={EPSILON}"
    return inspect(
        graph(
            f"""
image = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
{constants}
bn = FusedBatchNormV3(image, gamma, beta, mean, variance, {how})
again = FusedBatchNormV3(bn, gamma, beta, mean, variance, {how})
y = Identity(again, T=float)
"""
        )
    )


def inputs(report: Report, recipe: Recipe = RECIPE, pixels: Array = PIXELS, **changes: Any) -> Inputs:
    dtype, shape = changes.pop("dtype", "float"), changes.pop("shape", (None, 8, 8, 3))
    place = Placeholder(
        tensor=report.graph.node("image").output(), dtype=dtype, shape=shape, has_default=False
    )
    facts = {"batch_size": 4, "preset": "raw", "feeds": {}, "said": {}, "pictures": Drawn(pixels, recipe)}
    return Inputs(place=place, **{**facts, **changes})


def identity(tensors: Sequence[Tensor], feeds: Mapping[str, Array]) -> list[Array]:
    """The model up to x of the first layer, which is the image."""
    assert [tensor.name for tensor in tensors] == ["image:0"]
    return [feeds["image:0"]]


def of(preset: Any, *, bgr: bool = False) -> tuple[Array, Array]:
    """Mean and variance of every colour under a preset."""
    recipe = Recipe(size=None, channels=3, layout="NHWC", dtype=RECIPE.dtype, preset=preset, bgr=bgr)
    x = np.stack([prepare(one, recipe) for one in PIXELS]).astype(np.float64)
    return x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))


def gaps(mean: Array, variance: Array, measured: tuple[Array, Array]) -> tuple[float, float, float]:
    """Gap, W and r by their formulas."""
    d = (measured[0] - mean) / np.sqrt(variance + EPSILON)
    r = np.sqrt((measured[1] + EPSILON) / (variance + EPSILON))
    w = np.sqrt(d**2 + (r - 1) ** 2)
    gap = np.sqrt(np.mean(np.minimum(np.maximum(w, w / r), 10.0) ** 2))
    return float(gap), float(np.sqrt(np.mean(w**2))), float(np.median(r))


def test_every_preset_in_both_orders_has_its_gap() -> None:
    mean, variance = of("torch")
    report = model(mean.tolist(), variance.tolist())
    found = trial(report, inputs(report), identity)
    assert (found.layer, found.images, len(found.fits)) == ("bn", 6, 10)
    for one in found.fits:
        gap, w, r = gaps(mean, variance, of(one.preset, bgr=one.channels == "bgr"))
        # Pixels are prepared in float32.
        assert (one.gap, one.w, one.r) == pytest.approx((gap, w, r), rel=1e-5, abs=1e-5)
        assert one.share == 1.0
    assert found.fits[0].options == "--preprocess torch"
    assert found.clear
    assert {one.floor for one in found.fits} != {0.0}


@pytest.mark.parametrize("channels", [1, 4])
def test_a_preset_of_three_colours_is_not_tried_on_others(channels: int) -> None:
    report = model([0.0] * 3, [2.0] * 3)
    pixels = DRAW.integers(0, 256, (2, 8, 8, channels)).astype(np.float64)
    recipe = Recipe(size=None, channels=channels, layout="NHWC", dtype=RECIPE.dtype)

    def three(tensors: Sequence[Tensor], feeds: Mapping[str, Array]) -> list[Array]:
        return [np.resize(feeds["image:0"], (2, 8, 8, 3))]

    found = trial(report, inputs(report, recipe, pixels), three)
    orders = {"rgb"} if channels == 1 else {"rgb", "bgr"}
    assert {one.preset for one in found.fits} == {"raw", "unit", "tf"}
    assert {one.channels for one in found.fits} == orders
    assert len(found.fits) == 3 * len(orders)


@pytest.mark.parametrize(
    ("share", "start", "known"),
    [(0.5, 1.0, True), (0.5, 0.0, True), (0.06, 1.0, True), (0.04, 1.0, False)],
    ids=["half-way", "half-way from 0", "a little way", "too little"],
)
def test_an_average_on_its_way_is_brought_to_its_end(share: float, start: float, known: bool) -> None:
    mean, variance = of("raw")
    stored = share * mean, (1 - share) * start + share * variance
    report = model(stored[0].tolist(), stored[1].tolist())
    found = trial(report, inputs(report), identity)
    (raw,) = (one for one in found.fits if (one.preset, one.channels) == ("raw", "rgb"))
    assert raw.share == pytest.approx(share if known else 1.0, rel=1e-5)
    gap, w, _ = gaps(*stored, (mean, variance))
    assert raw.w == pytest.approx(w, rel=1e-5)
    assert raw.gap == pytest.approx(0.0, abs=1e-3) if known else raw.gap == pytest.approx(gap, rel=1e-4)


@pytest.mark.parametrize(
    ("count", "shape", "batch_size", "batches"),
    [
        (6, (None, 8, 8, 3), 4, [4, 2]),
        (6, None, 4, [4, 2]),
        (6, (4, 8, 8, 3), 4, [4]),
        (20, (None, 8, 8, 3), 16, [16]),
        (20, (None, 8, 8, 3), 10, [10, 6]),
    ],
    ids=["free", "any rank", "whole batches", "sixteen at most", "by tens"],
)
def test_a_few_images_are_run_in_batches(
    count: int, shape: tuple[int | None, ...] | None, batch_size: int, batches: list[int]
) -> None:
    """With what is fed beside them: values by hand, and the rows of the same images."""
    mean, variance = of("raw")
    report = model(mean.tolist(), variance.tolist())
    seen: list[int] = []
    other = Placeholder(tensor=report.graph.node("y").output(), dtype="float", shape=None, has_default=False)
    rows = Drawn(np.zeros((count, 1)), RECIPE)
    rows.batch = lambda start, stop: np.arange(start, stop)  # type: ignore[method-assign]

    def run(tensors: Sequence[Tensor], feeds: Mapping[str, Array]) -> list[Array]:
        x = feeds["image:0"]
        done = sum(seen) % sum(batches)
        assert feeds["y:0"].tolist() == list(range(done, done + len(x)))
        assert feeds["alpha:0"] == 0.5
        seen.append(len(x))
        return [x]

    given = inputs(
        report, pixels=np.resize(PIXELS, (count, 8, 8, 3)), shape=shape, batch_size=batch_size,
        feeds={"alpha:0": np.array(0.5)}, columns=((other, rows),),
    )  # fmt: skip
    found = trial(report, given, run)
    assert seen == batches * 10
    assert found.images == sum(batches)


@pytest.mark.parametrize(
    ("x", "fits"),
    [
        (lambda x: x.reshape(len(x) * 2, 4, 8, 3), True),
        (lambda x: x.reshape(len(x), -1, 3)[:, 0], True),
        (lambda x: x[:-1], False),
        (lambda x: x.ravel(), False),
        (lambda x: np.float32(x.mean()), False),
    ],
    ids=["two crops of each", "a row of each", "an image too few", "no rows", "a number"],
)
def test_x_has_rows_for_each_image(x: Callable[[Array], Array], fits: bool) -> None:
    mean, variance = of("raw")
    report = model(mean.tolist(), variance.tolist())
    found = trial(report, inputs(report), lambda tensors, feeds: [x(feeds["image:0"])])
    assert (found.reason == "what bn reads has no row per image") is not fits
    assert found.layer == "bn"
    assert bool(found.fits) is fits


@pytest.mark.parametrize(
    ("changes", "layer", "reason"),
    [
        ({"pictures": None}, None, "the input was fed by hand, as it is"),
        (
            {"recipe": WHOLE},
            "bn",
            "image:0 takes whole pixels 0 to 255, so that the model scales them itself",
        ),
        ({"pictures": object()}, "bn", "only images are prepared by presets"),
        (
            {"pictures": object(), "dtype": "string"},
            "bn",
            "the model decodes and scales its images itself",
        ),
    ],
    ids=["by hand", "whole pixels", "arrays", "encoded"],
)
def test_inputs_that_no_preset_prepares(changes: dict[str, Any], layer: str | None, reason: str) -> None:
    report = model([0.5] * 3, [2.0] * 3)
    found = trial(report, inputs(report, **changes), identity)
    assert (found.layer, found.reason, found.fits) == (layer, reason, ())


@pytest.mark.parametrize(
    ("mean", "variance", "reason"),
    [
        ([0.0] * 3, [1.0] * 3, "are initial: any preset is as far from them"),
        ([0.5] * 3, [1.0, 1.0, -2.0], "are not finite, or negative"),
    ],
    ids=["initial", "negative"],
)
def test_statistics_that_no_preset_fits(mean: list[float], variance: list[float], reason: str) -> None:
    report = model(mean, variance)
    found = trial(report, inputs(report), identity)
    assert (found.layer, found.fits) == ("bn", ())
    assert found.reason == f"the statistics of bn, the first layer, {reason}"


def test_a_trial_that_fails_names_the_layer_and_why() -> None:
    report = model([0.5] * 3, [2.0] * 3)

    def runs(mode: Mode) -> Run:
        raise RunError(f"no {mode.value} here")

    def tried(given: Inputs) -> PresetTrial:
        return fitting(report, given, runs)

    found = tried(inputs(report))
    assert (found.layer, found.reason) == ("bn", "no inference here")
    hidden = Placeholder(tensor=report.graph.node("y").output(), dtype="float", shape=None, has_default=False)
    for place in (hidden, None):
        nothing = Inputs(place=place, pictures=None, batch_size=1, preset=None, feeds={}, said={})
        assert tried(nothing).reason == "no batch norm sees an image"
