"""BN403 stale-statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bninspect.rules import Severity
from bninspect.statistics.staleness import Worst
from tests.support.probes import net, output, probe
from tests.support.probing import (
    collapsed,
    net_with,
    never,
    outcome,
    part_way,
    reason,
    shifted,
    trial,
    widened,
)


def test_catches_a_shifted_mean_as_an_error() -> None:
    (finding,) = outcome("BN403", probe(*net_with(2, shifted))).findings
    assert (finding.layer, finding.severity) == ("net/block2/bn", Severity.ERROR)
    assert finding.node == "net/block2/bn/moving_mean"
    assert "own score 0.99 over 64 images" in finding.message


def test_catches_a_wide_variance_as_a_warning() -> None:
    (finding,) = outcome("BN403", probe(*net_with(4, widened))).findings
    assert (finding.layer, finding.severity) == ("net/block4/bn", Severity.WARNING)


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({}, "own score 0.75 over 64 images; worst channel 3: d 2.5, r 0.5"),
        ({"images": 1}, "own score 0.75 over 1 image; worst channel 3: d 2.5, r 0.5"),
        ({"worst": None}, "own score 0.75 over 64 images"),
        ({"score": None}, None),
        ({"verdict": "note"}, None),
        ({"verdict": "warning"}, "own score 0.75 over 64 images; worst channel 3: d 2.5, r 0.5"),
    ],
    ids=["an error", "one image", "no worst channel", "no score", "a note", "a warning"],
)
def test_says_the_score_and_the_worst_channel(own: dict[str, Any], words: str | None) -> None:
    given = {"score": 0.75, "verdict": "error", "worst": Worst(3, 2.5, 0.5, 2.6), **own}
    layers = net(3)
    assert layers[1].own is not None
    assert layers[1].own.staleness is not None
    stale = replace(layers[1].own, staleness=replace(layers[1].own.staleness, **given))
    layers[1] = replace(layers[1], own=stale)
    told = outcome("BN403", probe(*layers)).findings
    assert [one.evidence for one in told] == ([] if words is None else [words])
    for one in told:
        assert one.message == f"the stored statistics are stale: {words}"
        assert one.severity.value == given["verdict"]


def test_catches_every_stale_layer() -> None:
    assert len(outcome("BN403", probe(*net(stored=shifted))).findings) == 6


def test_one_command_refreshes_all_that_is_stale() -> None:
    layers = net_with(2, shifted)
    layers[4] = net_with(4, widened)[4]
    remedies = {one.remedy for one in outcome("BN403", probe(*layers)).findings}
    assert remedies == {
        "bninspect refresh model.pb --layer net/block2/bn --layer net/block4/bn --output logits "
        "-o model.refreshed.pb"
    }
    remedies = {one.remedy for one in outcome("BN403", probe(*net(stored=shifted))).findings}
    assert remedies == {"bninspect refresh model.pb --output logits -o model.refreshed.pb"}


@pytest.mark.parametrize("code", ["BN403", "BN404", "BN405", "BN406"])
def test_random_numbers_say_nothing_of_statistics(code: str) -> None:
    layers = net(stored=part_way(0.4) if code == "BN404" else shifted)
    [fact] = probe(*layers).inputs
    facts = {"presets": trial("raw"), "outputs": (output(0.8),)}
    known = outcome(
        code, probe(*layers if code != "BN406" else net(), **(facts if code in ("BN405", "BN406") else {}))
    )
    drawn = outcome(code, probe(*layers, inputs=(replace(fact, drawn=True),), **facts))
    assert drawn.findings == ()
    assert "the inputs are random numbers, which say nothing of stored statistics" in reason(drawn)
    assert known.findings or code == "BN406"


def test_does_not_catch_what_fits() -> None:
    found = outcome("BN403", probe(*net()))
    assert (found.findings, found.not_run) == ((), ())


def test_does_not_catch_what_is_inherited() -> None:
    """The layer's own x fits; deployed, an error of a layer before it arrives."""
    assert not outcome("BN403", probe(*net(inherits=1.0))).findings


def test_does_not_judge_by_one_image() -> None:
    found = outcome("BN403", probe(*net(images=1, stored=widened)))
    assert not found.findings
    assert reason(found).startswith("1 image is too few to judge these 6 layers")


def test_does_not_catch_initial_statistics() -> None:
    """They are BN201's."""
    assert not outcome("BN403", probe(*net_with(2, never))).findings


def test_does_not_catch_averages_that_have_not_converged() -> None:
    """They are BN404's."""
    assert not outcome("BN403", probe(*net(stored=part_way(0.4)))).findings


def test_catches_a_stale_layer_among_averages_that_have_not_converged() -> None:
    layers = net(stored=part_way(0.4))
    layers[3] = net_with(3, shifted)[3]
    (finding,) = outcome("BN403", probe(*layers)).findings
    assert finding.layer == "net/block3/bn"


def test_does_not_catch_a_collapsed_channel() -> None:
    """It is BN204's."""
    assert not outcome("BN403", probe(*net_with(2, collapsed))).findings


def test_does_not_judge_what_was_fed_wrong() -> None:
    """That is BN405."""
    assert not outcome("BN403", probe(*net_with(0, shifted), presets=trial("raw"))).findings


def test_the_right_preset_comes_before_new_statistics() -> None:
    """A layer that is stale under the better preset, too, is measured again before it is refreshed."""
    layers = [replace(layer, refit=layer.own) for layer in net_with(2, shifted)]
    (finding,) = outcome("BN403", probe(*layers, presets=trial("raw"))).findings
    assert finding.layer == "net/block2/bn"
    assert finding.remedy == "bninspect probe model.pb --preprocess tf"
    assert " with --preprocess tf" in finding.message
