"""What rules ask of switches and of the training side of a model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bninspect.batchnorm.branches import Fixed
from bninspect.batchnorm.mode import Mode
from bninspect.rules import Case
from bninspect.rules.facts.switched import decider, live_switches, trained_by_default, values_for, whenever
from bninspect.rules.facts.training import NOT_SERVED, first_calls, is_served, not_served, statistics_of
from tests.support.reports import fixed_training, layer, phase, predicate, report


def case(*layers: Any, **changes: Any) -> Case:
    return Case(report=report(*layers), **changes)


def test_a_switch_is_live_unless_the_file_fixes_its_value() -> None:
    free, fixed = predicate(phase()), predicate(phase("other"), constant=True)
    found = live_switches(case(layer("a", decided=free), layer("b", decided=fixed)))
    assert [[one.name for one in group.layers] for group in found] == [["a"]]
    assert decider(found[0]) == "training:0"
    (computed,) = live_switches(case(layer("c", decided=predicate(None))))
    assert decider(computed) == "bn/cond/pred_id:0"


@pytest.mark.parametrize(
    ("default", "negated", "trained"),
    [
        (True, False, True),
        (False, False, False),
        (None, False, False),
        (False, True, True),
        (True, True, False),
    ],
)
def test_what_trains_when_nothing_is_fed(default: bool | None, negated: bool, trained: bool) -> None:
    decided = predicate(phase(), default=default)
    (group,) = live_switches(case(layer("a", decided=decided, negated=negated)))
    assert [one.name for one in trained_by_default(group)] == (["a"] if trained else [])


def test_the_values_that_send_a_layer_to_a_mode() -> None:
    decided = predicate(phase())
    (group,) = live_switches(case(layer("a", decided=decided)))
    assert (values_for(group, Mode.TRAINING), values_for(group, Mode.INFERENCE)) == ({True}, {False})
    (group,) = live_switches(case(layer("a", decided=decided, negated=True)))
    assert (values_for(group, Mode.TRAINING), values_for(group, Mode.INFERENCE)) == ({False}, {True})
    both = layer("a", decided=decided), layer("b", decided=decided, negated=True)
    (group,) = live_switches(case(*both))
    assert values_for(group, Mode.TRAINING) == {True, False}
    (unknown,) = live_switches(case(layer("a", decided=predicate(None))))
    assert values_for(unknown, Mode.TRAINING) == set()


def test_when_a_layer_runs_at_all() -> None:
    assert whenever(layer()) == "whatever is fed"
    runs = ((phase("a"), True), (phase("b"), False))
    one = layer()
    assert isinstance(one.wiring, Fixed)
    inside = replace(one, wiring=replace(one.wiring, runs_when=runs))
    assert whenever(inside) == "whenever it runs at all (when a:0 is true and b:0 is false)"


@pytest.mark.parametrize(
    ("trains", "deploy", "layers", "reason"),
    [
        (False, False, [fixed_training()], None),
        (True, False, [fixed_training()], NOT_SERVED),
        (True, True, [fixed_training()], None),
        (True, False, [layer()], None),
    ],
    ids=["frozen", "with a train op", "and yet served", "no layer trains"],
)
def test_a_graph_that_trains_is_not_served(
    trains: bool, deploy: bool, layers: list[Any], reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = case(*layers, deploy=deploy)
    monkeypatch.setattr(type(found.report), "is_for_training", trains)
    assert is_served(found) is (deploy or not trains)
    assert not_served(found) == reason


def test_calls_of_one_layer_are_asked_once() -> None:
    one = layer("a")
    again = layer("b", moving=one.moving)
    alone = fixed_training("c")
    assert [found.name for found in first_calls([one, again, alone])] == ["a", "c"]
    assert list(statistics_of(one)) == ["moving mean", "moving variance"]
    assert statistics_of(one)["moving mean"] == one.moving_mean
    assert statistics_of(alone) == {}
