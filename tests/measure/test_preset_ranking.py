"""Which preset is called the best, the better or a rival: gaps just within a bound, and just beyond."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.measure.presets import PresetFit, PresetTrial, ranked
from bninspect.options import Channels, Preprocess
from tests.support.probing import fit

Row = tuple[Preprocess, Channels, float]
"""Preset, order of colours, gap."""


def trial(*rows: Row, images: int = 16, floor: float = 0.0) -> PresetTrial:
    return ranked("bn", images, [fit(preset, gap, channels, floor) for preset, channels, gap in rows])


@pytest.mark.parametrize(
    ("gap", "floor", "reason"),
    [
        (0.3, 0.0, None),
        (0.31, 0.0, "none fits: with the best, --preprocess tf, bn is still 0.31 standard deviations off"),
        (0.5, 0.25, None),
        (0.51, 0.25, "none fits: with the best, --preprocess tf, bn is still 0.51 standard deviations off"),
    ],
    ids=["at the threshold", "beyond it", "at the floor", "beyond it, too"],
)
def test_the_best_fits_within_a_threshold_or_what_chance_makes(
    gap: float, floor: float, reason: str | None
) -> None:
    found = trial(("tf", "rgb", gap), ("raw", "rgb", 9.0), floor=floor)
    assert found.clear is (reason is None)
    assert (found.reason or "None").startswith(str(reason))
    assert (found.layer, found.images) == ("bn", 16)


@pytest.mark.parametrize(("next_gap", "clear"), [(0.374, False), (0.375, True)])
def test_the_next_preset_is_one_and_a_half_times_as_far(next_gap: float, clear: bool) -> None:
    found = trial(("raw", "rgb", next_gap), ("tf", "rgb", 0.25))
    assert found.clear is clear
    assert found.reason == (None if clear else "--preprocess tf and --preprocess raw fit about as well")
    assert [one.preset for one in found.rivals] == ([] if clear else ["raw"])


@pytest.mark.parametrize(
    ("images", "twin", "clear"),
    [(4, 0.375, True), (3, 0.375, False), (4, 0.374, False), (3, 0.3, False)],
    ids=["far, four images", "far, three images", "near, four images", "near, three images"],
)
def test_an_order_of_colours_is_clear_by_distance_and_images(images: int, twin: float, clear: bool) -> None:
    found = trial(("tf", "bgr", 0.25), ("tf", "rgb", twin), ("raw", "rgb", 9.0), images=images)
    assert found.clear_order is clear
    assert found.best is not None
    assert found.best.channels == ("bgr" if clear else "rgb")


def test_one_preset_alone_is_the_best_without_a_rival() -> None:
    found = trial(("tf", "rgb", 0.25))
    assert (found.best, found.clear, found.reason, found.rivals) == (fit("tf", 0.25), True, None, ())


def test_a_trial_that_was_not_made_names_nothing() -> None:
    nothing = PresetTrial(reason="no")
    assert (nothing.layer, nothing.images, nothing.clear, nothing.clear_order) == (None, 0, False, False)
    assert (nothing.best, nothing.better, nothing.rivals) == (None, None, ())
    whole = PresetFit(preset="tf", channels="rgb", gap=1.0, w=1.0, r=1.0)
    assert (whole.floor, whole.share) == (0.0, 1.0)


def test_one_order_alone_is_not_clear() -> None:
    """Grey input has one order of colours."""
    found = trial(("tf", "rgb", 0.25), ("raw", "rgb", 9.0))
    assert not found.clear_order
    assert found.best == fit("tf", 0.25)


@pytest.mark.parametrize(("preset", "first"), [("tf", "rgb"), ("caffe", "bgr")])
def test_of_equal_gaps_the_usual_order_is_first(preset: Preprocess, first: Channels) -> None:
    found = trial((preset, "bgr", 0.1), (preset, "rgb", 0.1), ("raw", "rgb", 0.1))
    assert found.fits[0].preset == preset
    assert found.fits[0].channels == first
    assert [one.usual for one in found.fits] == [True, True, False]


@pytest.mark.parametrize(
    ("preset", "channels", "options"),
    [
        ("tf", "rgb", "--preprocess tf"),
        ("tf", "bgr", "--preprocess tf --channels bgr"),
        ("caffe", "bgr", "--preprocess caffe"),
        ("caffe", "rgb", "--preprocess caffe --channels rgb"),
    ],
)
def test_a_fit_is_written_as_a_command_line_has_it(
    preset: Preprocess, channels: Channels, options: str
) -> None:
    assert fit(preset, 0.1, channels).options == options


ROWS: tuple[Row, ...] = (
    ("tf", "rgb", 0.2), ("tf", "bgr", 0.4), ("torch", "rgb", 0.29), ("torch", "bgr", 0.25),
    ("raw", "rgb", 0.41), ("unit", "rgb", 0.31),
)  # fmt: skip


def test_rivals_are_other_presets_in_their_usual_order() -> None:
    """0.29 is within 1.5 times 0.2; 0.25 has its colours exchanged; 0.31 is too far."""
    assert [(one.preset, one.gap) for one in trial(*ROWS).rivals] == [("torch", 0.29)]
    assert PresetTrial(reason="nothing was tried").rivals == ()


@pytest.mark.parametrize(
    ("preset", "bgr", "better"),
    [
        ("tf", False, None),
        ("tf", True, "tf"),
        ("raw", False, "tf"),
        ("torch", False, None),
        ("caffe", True, None),
    ],
    ids=["the best itself", "its colours exchanged", "twice as far off", "not far off", "not tried"],
)
def test_a_given_preset_has_a_better_one(preset: str, bgr: bool, better: str | None) -> None:
    found = trial(*ROWS).given_as(preset, bgr=bgr)
    assert found.fits == trial(*ROWS).fits
    assert (found.given is None) is (preset == "caffe")
    assert (None if found.better is None else found.better.preset) == better


@pytest.mark.parametrize(
    ("gap", "w", "floor", "best", "better"),
    [
        (0.3, 0.3, 0.0, 0.15, True),
        (0.299, 0.299, 0.0, 0.1, False),
        (0.5, 0.5, 0.0, 0.251, False),
        (1.5, 1.5, 0.75, 0.1, False),
        (1.5, 1.5, 0.749, 0.1, True),
        (1.5, 1.51, 0.75, 0.1, True),
    ],
    ids=[
        "at the threshold, twice as far", "below the threshold", "not twice as far", "explained by chance",
        "not explained", "wider than the images, not explained",
    ],
)  # fmt: skip
def test_a_preset_is_better_than_one_that_leaves_a_gap(
    gap: float, w: float, floor: float, best: float, better: bool
) -> None:
    given = PresetFit(preset="raw", channels="rgb", gap=gap, w=w, r=1.0, floor=floor)
    first = fit("tf", best)
    found = PresetTrial(layer="bn", images=16, fits=(first, given), given=given)
    assert found.better == (first if better else None)


def test_colours_exchanged_are_no_better_unless_that_is_clear() -> None:
    """Few images do not tell them apart; the best is then the usual order."""
    first, given = fit("tf", 0.1, "bgr"), fit("tf", 0.9)
    clear = PresetTrial(layer="bn", images=16, fits=(first, given), given=given, clear_order=True)
    assert clear.better == first
    unclear = PresetTrial(layer="bn", images=2, fits=(first, given), given=given)
    assert unclear.best == given
    assert unclear.better is None
    exchanged = PresetTrial(layer="bn", images=2, fits=(given, fit("tf", 2.0, "bgr")))
    assert exchanged.given_as("tf", bgr=True).better is None
    assert replace(exchanged.given_as("tf", bgr=True), fits=(first,), clear_order=True).better == first
