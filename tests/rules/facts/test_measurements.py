"""Which measurement of a layer counts: its own, or that under the better preset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bninspect.batchnorm import State
from bninspect.errors import Absent
from bninspect.measure.companions.companions import CompanionTest
from bninspect.rules import Case
from bninspect.rules.facts.measurements import (
    DRAWN,
    better_preset,
    evidence,
    measured_layers,
    no_statistics,
    not_run,
    probe_of,
    under,
    unexplained,
    untested,
)
from tests.support.parts import STORED, report
from tests.support.probes import CHANNELS, net, probe, probed
from tests.support.probing import shifted, trial


def test_under_the_better_preset_the_measurement_under_it_counts_where_there_is_one() -> None:
    given, other = net(stored=shifted), net()
    layers = [replace(one, refit=better.own) for one, better in zip(given, other, strict=True)]
    layers[2] = given[2]
    found = evidence(probe(*layers, presets=trial("raw")))
    expected = [one.own for one in other]
    expected[2] = given[2].own
    assert [one.own for one in found] == [one.staleness for one in expected if one is not None]
    assert [one.moments for one in found] == [one.moments for one in expected if one is not None]


def test_without_a_better_preset_its_own_counts() -> None:
    given, other = net(stored=shifted), net()
    layers = [replace(one, refit=better.own) for one, better in zip(given, other, strict=True)]
    found = evidence(probe(*layers, presets=trial("tf")))
    assert [one.own for one in found] == [one.own.staleness for one in given if one.own is not None]


@pytest.mark.parametrize(
    ("given", "drawn", "preset", "words"),
    [
        ("raw", False, "tf", " with --preprocess tf"),
        ("raw", True, None, ""),
        ("tf", False, None, ""),
        (None, False, None, ""),
    ],
    ids=["a better one", "of random numbers", "the best was given", "not tried"],
)
def test_a_better_preset_is_one_that_fits_images(
    given: str | None, drawn: bool, preset: str | None, words: str
) -> None:
    found = probe(*net(1), presets=None if given is None else trial(given))
    found = replace(found, inputs=(replace(found.inputs[0], drawn=drawn),))
    better = better_preset(found)
    assert (None if better is None else better.preset) == preset
    assert under(found) == words


@pytest.mark.parametrize("lost", ["own", "staleness", "moving_mean", "moving_variance"])
def test_a_layer_counts_if_it_was_measured_and_its_statistics_are_known(lost: str) -> None:
    layers = net(3)
    [changed] = layers[1:2]
    assert changed.own is not None
    changes = {"own": replace(changed.own, staleness=None)} if lost == "staleness" else {lost: None}
    layers[1] = replace(changed, **changes)
    assert [one.name for one in evidence(probe(*layers))] == ["net/block0/bn", "net/block2/bn"]


def test_layers_stand_in_graph_order_whatever_was_measured_first() -> None:
    found = probe(*net(3))
    turned = replace(found, layers=found.layers[::-1])
    assert [one.name for one in evidence(turned)] == [one.layer.name for one in found.layers]
    case = Case(report=turned.report, probe=turned)
    assert list(measured_layers(case).items()) == [(one.name, one) for one in evidence(turned)]
    assert measured_layers(replace(case, probe=None)) == {}


def test_a_model_that_was_not_run_has_no_measurements() -> None:
    with pytest.raises(ValueError, match="was asked about a model that was not run"):
        probe_of(Case(report=report(STORED)))


def test_a_layer_is_known_by_its_stored_numbers_alone() -> None:
    """Initial or broken ones: whatever the images are."""
    initial = probed("a", 0, stored=lambda given: (np.zeros(CHANNELS), np.ones(CHANNELS)))
    broken = replace(initial.layer.statistics, state=State.INVALID)
    layers = [initial, probed("b", 1), probed("c", 2)]
    layers[1] = replace(layers[1], layer=replace(layers[1].layer, statistics=broken))
    found = evidence(probe(*layers))
    assert [one.known for one in found] == [True, True, False]
    case = Case(report=probe(*layers).report, probe=probe(*layers))
    assert [one.name for one in unexplained(case)] == ["c"]
    assert unexplained(replace(case, explained={"c": "BN405"})) == []


def test_why_nothing_is_said_of_statistics() -> None:
    found = probe(*net())
    assert (not_run(found), no_statistics(found)) == (None, None)
    numbers = replace(found, inputs=(replace(found.inputs[0], drawn=True),))
    assert (not_run(numbers), no_statistics(numbers)) == (None, DRAWN)
    gone = replace(found, ran=False, skipped=(Absent(what="a", reason="no"), Absent(what="b", reason="no")))
    assert not_run(gone) == no_statistics(gone) == "the model was not run: no"
    assert not_run(replace(gone, skipped=())) == "the model was not run"


def test_why_a_test_of_the_probe_says_nothing() -> None:
    found = probe(*net())
    case = Case(report=found.report, probe=found)
    assert untested(case, None, "it was not asked for") == "it was not asked for"
    assert untested(case, CompanionTest(reason="by hand"), "") == "by hand"
    assert untested(case, CompanionTest(), "") is None
    gone = replace(case, probe=replace(found, ran=False))
    assert untested(gone, None, "it was not asked for") == "the model was not run"
