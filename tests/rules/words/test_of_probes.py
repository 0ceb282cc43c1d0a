"""Clauses of what was measured: presets, averages on their way, epsilons, and trends over the layers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bninspect.measure.presets import PresetTrial
from bninspect.rules.catalogue import bn206, bn404, bn405
from bninspect.rules.facts import outputs, stale_layers
from bninspect.statistics import thresholds
from tests.support.probing import fit


@pytest.mark.parametrize(
    ("epsilons", "usual"),
    [
        ([], None),
        ([0.1, 0.1], None),
        ([0.1, 0.1, 0.1], 0.1),
        ([0.1, 0.1, 0.2], 0.1),
        ([0.1, 0.1, 0.2, 0.2], None),
        ([0.1, 0.1, 0.1, 0.2, 0.2], 0.1),
        ([0.0, 0.0, 0.0], None),
    ],
    ids=str,
)
def test_the_usual_epsilon_is_that_of_more_than_half_of_three_or_more(
    epsilons: list[float], usual: float | None
) -> None:
    assert bn206._usual(epsilons) == usual


def measured(variance: list[float]) -> Any:
    pooled = SimpleNamespace(variance=np.array(variance))
    return SimpleNamespace(moments=SimpleNamespace(pooled=lambda: pooled))


@pytest.mark.parametrize(
    ("variance", "collapsed", "median"),
    [
        ([1.0, 2.0, 9.0], [], 2.0),
        ([1.0, 2.0, 9.0], [2], 1.5),
        ([np.inf, np.nan, 3.0], [], 3.0),
        ([thresholds.VANISHED, 3.0, 5.0], [], 4.0),
        ([0.0, np.nan, 5.0], [2], 0.0),
    ],
    ids=["of all", "less the collapsed", "of what is finite", "of what has not vanished", "of none"],
)
def test_the_measured_median_is_that_of_channels_that_vary(
    variance: list[float], collapsed: list[int], median: float
) -> None:
    flags = np.isin(np.arange(3), collapsed)
    assert bn206._median(measured(variance), flags) == median


@pytest.mark.parametrize(
    ("steps", "momentum", "words"),
    [
        ([10.0], None, " (with --momentum M the number of updates follows)"),
        ([None, None], 0.99, ""),
        ([None, 10.0, 30.0], 0.99, "; with momentum 0.99 that is about 20 updates"),
        ([1234.4], 0.9, "; with momentum 0.9 that is about 1,234 updates"),
    ],
)
def test_how_many_updates_a_share_is(steps: list[float | None], momentum: float | None, words: str) -> None:
    assert bn404._steps(steps, momentum) == words


@pytest.mark.parametrize(
    ("left", "momentum", "words"),
    [
        (1.0, 0.5, " for some 7 steps more"),  # 0.5**7 = 0.0078
        (0.5, 0.5, " for some 6 steps more"),
        (thresholds.LEFT_WHEN_DONE, 0.5, ""),
        (thresholds.LEFT_WHEN_DONE * 1.01, 0.5, " for some 1 step more"),
        (1.0, None, ""),
    ],
)
def test_how_long_to_train_on(left: float, momentum: float | None, words: str) -> None:
    """Until a hundredth of the start is left."""
    held: Any = [(None, SimpleNamespace(left=left))]
    assert bn404._train_on(held, momentum) == f"train on with the update ops run{words}"


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([0.25, 0.5], "25 % to 50 %"),
        ([-0.1, 0.5], "0 % to 50 %"),
        ([0.5, 0.75, 0.25], "25 % to 75 %"),
    ],
)
def test_where_one_share_fits(shares: list[float], words: str) -> None:
    held: Any = [(None, SimpleNamespace(a=a, explained=0.75, start="0 and 1", steps=None)) for a in shares]
    assert bn404._evidence(held, 4, 0.9) == (
        f"in {len(shares)} of 4 layers one share fits mean and variance alike, from their start (mean and "
        f"variance 0 and 1) to those of the images: {words}; it explains 75 % of the gap"
    )


@pytest.mark.parametrize(
    ("better", "given", "words"),
    [
        (thresholds.WARNING, 6.0, "--preprocess tf fits, --preprocess unit does not"),
        (0.5, 6.0, "--preprocess tf fits 12 times better than --preprocess unit"),
    ],
)
def test_how_much_better_a_preset_fits(better: float, given: float, words: str) -> None:
    assert bn405._compared(fit("tf", better), fit("unit", given)) == words


@pytest.mark.parametrize(
    ("fits", "given", "words"),
    [
        ([("tf", "rgb", 0.1), ("unit", "rgb", 2.0)], 1, "0.1 with tf"),
        ([("tf", "rgb", 0.1), ("unit", "rgb", 2.0)], 0, "0.1 with tf, 2 with unit"),
        ([("tf", "rgb", 0.1), ("tf", "bgr", 1.0), ("raw", "rgb", 3.0), ("unit", "rgb", 4.0)], 3,
         "0.1 with tf, 3 with raw"),
        ([("tf", "rgb", 0.1), ("raw", "rgb", 3.0)], None, "0.1 with tf, 3 with raw"),
    ],
    ids=["but the given one", "the given one is best", "each in its better order", "none is given"],
)  # fmt: skip
def test_the_presets_are_listed_once(fits: list[Any], given: int | None, words: str) -> None:
    tried = tuple(fit(preset, gap, channels) for preset, channels, gap in fits)
    trial = PresetTrial(
        layer="bn", images=4, fits=tried, clear=True, given=None if given is None else tried[given]
    )
    assert bn405._others(trial) == words


@pytest.mark.parametrize(
    ("scores", "trend"),
    [([1, 2, 3, 4], 1.0), ([4, 3, 2, 1], -1.0), ([1, 10, 100], 1.0), ([2, 1, 3], 0.5), ([2, 3, 1], -0.5)],
    ids=str,
)
def test_the_trend_is_the_correlation_of_ranks(scores: list[float], trend: float) -> None:
    assert stale_layers._trend(scores) == pytest.approx(trend)


def first(ratios: list[float], *, name: str = "a", fits: Any = None, better: Any = None) -> str:
    """What may be behind the error of a layer with these ratios, in a model whose first layer is `a`."""
    layer: Any = SimpleNamespace(name=name, own=SimpleNamespace(r=np.array(ratios)))
    presets = SimpleNamespace(fits=fits, better=better)
    report = SimpleNamespace(layers=(SimpleNamespace(name="a"), SimpleNamespace(name="b")))
    probe: Any = SimpleNamespace(report=report, presets=presets, drawn=False)
    return stale_layers._first(layer, probe)


FIRST = "; it is the first layer, so that preparing images otherwise than in training looks the same"
SCALED = "; all its channels are about {} times as wide as stored, as of scaled input"
FACTOR = float(np.exp(thresholds.ONE_FACTOR))


@pytest.mark.parametrize(
    ("ratios", "scale"),
    [
        ([2.0] * 4, "2"),
        ([0.5] * 4, "0.5"),
        ([2.0], None),
        ([2.0, 2.0], "2"),
        ([FACTOR * 0.999] * 4, None),
        ([FACTOR * 1.001] * 4, "1.2"),
        ([1 / (FACTOR * 0.999)] * 4, None),
        ([1 / (FACTOR * 1.001)] * 4, "0.86"),
        ([2.0, 2.0, np.nan, 0.0, np.inf], "2"),
        ([2.0, 0.0, np.nan], None),
        ([2 * FACTOR**2, 2 / FACTOR**2, 2.0, 2.0, 2.0], "2"),
        ([2 * FACTOR**1.01] * 2 + [2.0] + [2 / FACTOR**1.01] * 2, None),
        ([2 * FACTOR**0.99] * 2 + [2.0] + [2 / FACTOR**0.99] * 2, "2"),
    ],
    ids=["twice", "half", "one channel", "two channels", "hardly wider", "wider", "hardly narrower",
         "narrower", "those with a ratio", "one with a ratio", "but for a few", "of all factors", "about"],
)  # fmt: skip
def test_scaled_input_is_one_factor_for_all_channels(ratios: list[float], scale: str | None) -> None:
    """Half of the channels lie within 15 % of it."""
    assert first(ratios) == ("" if scale is None else SCALED.format(scale)) + FIRST


def test_only_the_first_layer_shows_how_images_are_prepared() -> None:
    assert first([2.0] * 4, name="b") == ""
    assert first([2.0] * 4, better=fit("tf", 0.1)) == ""
    assert first([1.0] * 4, fits=("one",)) == "; no other preset fits it clearly better"


@pytest.mark.parametrize(
    ("share", "words"),
    [(9.99, "999 % of"), (10.0, "10x"), (1234.0, "1,234x"), (0.8, "80 % of")],
)
def test_a_size_is_a_share_below_ten_times(share: float, words: str) -> None:
    assert outputs.relative(share) == f"{words} its training-mode RMS"
