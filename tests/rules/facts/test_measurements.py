"""Which measurement of a layer counts: its own, or that under the better preset."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.rules import Case
from bninspect.rules.facts.measurements import evidence, probe_of
from tests.support.parts import STORED, report
from tests.support.probes import net, probe
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


def test_a_model_that_was_not_run_has_no_measurements() -> None:
    with pytest.raises(ValueError, match="was asked about a model that was not run"):
        probe_of(Case(report=report(STORED)))
