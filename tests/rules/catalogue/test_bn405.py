"""BN405 input-scale-mismatch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bninspect.measure.presets import PresetTrial
from bninspect.rules import Severity
from tests.support.probes import net, probe
from tests.support.probing import fit, outcome, reason, shifted, trial


def test_catches_another_preset() -> None:
    (finding,) = outcome("BN405", probe(*net(), presets=trial("raw"))).findings
    assert (finding.layer, finding.severity) == ("net/block0/bn", Severity.WARNING)
    assert "--preprocess tf fits, --preprocess raw does not" in finding.message


def test_does_not_catch_the_best_preset() -> None:
    assert not outcome("BN405", probe(*net(), presets=trial("tf"))).findings


def fits(given: float, best: float, **changes: Any) -> PresetTrial:
    """A trial of raw, which was given, and of tf, which fits best."""
    raw, tf = fit("raw", given), fit("tf", best)
    return PresetTrial(layer="net/block0/bn", images=16, fits=(tf, raw), given=raw, **changes)


@pytest.mark.parametrize(("given", "best"), [(372, 0.71), (363, 0.41), (148, 0.47), (1.3, 0.43), (1.7, 0.82)])
def test_catches_a_preset_that_fits_many_times_better(given: float, best: float) -> None:
    """Whether or not it fits: what is left under it is another matter."""
    found = outcome("BN405", probe(*net(), presets=fits(given, best, reason="none fits")))
    (finding,) = found.findings
    assert finding.remedy == "bninspect probe model.pb --preprocess tf"
    assert "times better than --preprocess raw" in finding.title
    assert reason(found) == ""


@pytest.mark.parametrize(("given", "best"), [(0.22, 0.2), (0.22, 0.05), (1.3, 0.8)])
def test_does_not_catch_what_fits_about_as_well(given: float, best: float) -> None:
    """Nor a gap too small to matter, however much smaller the other is."""
    undecided = fits(given, best, reason="tf and raw fit about as well")
    found = outcome("BN405", probe(*net(), presets=undecided))
    assert not found.findings
    assert reason(found) == "tf and raw fit about as well"


def test_does_not_catch_what_the_choice_of_images_makes() -> None:
    """One image: its noise is 1.5."""
    trial_of_one = fits(1.9, 0.6)
    raw = replace(trial_of_one.fits[1], floor=1.5)
    noisy = replace(trial_of_one, fits=(trial_of_one.fits[0], raw), given=raw)
    assert not outcome("BN405", probe(*net(), presets=noisy)).findings


def test_names_what_fits_about_as_well_as_the_best() -> None:
    torch, tf, raw = fit("torch", 0.7), fit("tf", 0.6), fit("raw", 100.0)
    tried = PresetTrial(layer="net/block0/bn", images=16, fits=(tf, torch, raw), given=raw)
    (finding,) = outcome("BN405", probe(*net(), presets=tried)).findings
    assert finding.evidence == (
        "net/block0/bn over 16 images: W 100 (its input 101 times as wide as stored) with --preprocess raw, "
        "0.6 with tf, 0.7 with torch (torch fits about as well)"
    )
    assert finding.message == f"{finding.title}: {finding.evidence}"
    unit = fit("unit", 0.65)
    (finding,) = outcome("BN405", probe(*net(), presets=replace(tried, fits=(tf, unit, torch, raw)))).findings
    assert finding.evidence.endswith("0.7 with torch (unit, torch fit about as well)")


def test_accounts_for_the_layers_whose_gap_is_gone_under_it() -> None:
    """Measured there; of the first layer the trial says so. What is wrong under both is another matter."""
    wrong, right = net(6, stored=shifted), net(6)
    layers = [
        wrong[0],
        replace(wrong[1], refit=right[1].own),
        replace(wrong[2], refit=wrong[2].own),
        replace(right[3], refit=right[3].own),
        wrong[4],
        replace(right[5], refit=wrong[5].own),
    ]
    (finding,) = outcome("BN405", probe(*layers, presets=trial("raw"))).findings
    assert finding.accounts_for == {"net/block0/bn", "net/block1/bn"}
    (finding,) = outcome(
        "BN405", probe(replace(wrong[0], refit=wrong[0].own), *layers[1:], presets=trial("raw"))
    ).findings
    assert finding.accounts_for == {"net/block1/bn"}


def test_says_that_no_preset_was_tried() -> None:
    assert reason(outcome("BN405", probe(*net()))) == "the presets were not tried"


def test_lists_every_preset_once_in_its_better_order_of_colours() -> None:
    """The given one stands before them, unless the better order of colours is of the same preset."""
    told = outcome("BN405", probe(*net(), presets=trial("raw"))).findings
    assert told[0].evidence.endswith(" with --preprocess raw, 0.05 with tf, 1.2 with unit")
    turned = replace(fit("raw", 0.05), channels="bgr")
    given = fit("raw", 9.0)
    tried = PresetTrial(
        layer="net/block0/bn", images=16, fits=(turned, fit("tf", 1.2), given), given=given, clear_order=True
    )
    (finding,) = outcome("BN405", probe(*net(), presets=tried)).findings
    assert finding.evidence.endswith(" with --preprocess raw, 0.05 with raw, 1.2 with tf")
