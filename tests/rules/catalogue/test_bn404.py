"""BN404 average-not-converged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bninspect.rules import Severity
from bninspect.rules.catalogue import bn404
from tests.support.probes import net, probe, probed
from tests.support.probing import net_with, never, outcome, part_way, reason, shifted


def test_catches_an_average_part_way() -> None:
    (finding,) = outcome("BN404", probe(*net(stored=part_way(0.4))), momentum=0.99).findings
    assert finding.layer is None
    assert "they are 40.2 % of the way" in finding.message


@pytest.mark.parametrize(("share", "severity"), [(0.1, Severity.ERROR), (0.8, Severity.WARNING)])
def test_is_as_grave_as_the_layers_it_explains(share: float, severity: Severity) -> None:
    (finding,) = outcome("BN404", probe(*net(stored=part_way(share)))).findings
    assert finding.severity is severity


def test_does_not_catch_what_has_converged() -> None:
    for share in (0.97, 1.0):
        assert not outcome("BN404", probe(*net(stored=part_way(share)))).findings


def test_says_that_the_model_was_not_run() -> None:
    found = outcome("BN404", probe(*net(stored=part_way(0.4)), ran=False))
    assert (found.findings, reason(found)) == ((), "the model was not run")
    assert reason(outcome("BN404", probe(*net()))) == ""


def test_does_not_catch_one_layer_of_six() -> None:
    assert not outcome("BN404", probe(*net_with(2, part_way(0.4)))).findings


def test_does_not_catch_other_staleness() -> None:
    assert not outcome("BN404", probe(*net(stored=shifted))).findings


def test_does_not_catch_initial_statistics() -> None:
    """They are BN201's; and there is nothing to fit."""
    found = outcome("BN404", probe(*net(stored=never)))
    assert not found.findings
    assert reason(found) == "no layer has statistics beside measured ones to fit"


@pytest.mark.parametrize(("momentum", "words"), [(0.99, "run for some 408 steps more"), (None, "run")])
def test_without_a_command_it_says_how_long_to_train_on(
    monkeypatch: pytest.MonkeyPatch, momentum: float | None, words: str
) -> None:
    """Of 0.598 that is left of the start, ln(0.01 / 0.598) / ln(0.99) steps leave 1 %."""
    monkeypatch.setattr(bn404, "refresh_command", lambda case: None)
    (finding,) = outcome("BN404", probe(*net(stored=part_way(0.4))), momentum=momentum).findings
    assert finding.remedy == f"train on with the update ops {words}"


@pytest.mark.parametrize(("on_their_way", "caught"), [(3, False), (4, True)])
def test_catches_what_more_than_half_of_the_layers_are(on_their_way: int, caught: bool) -> None:
    layers = net()
    for index in range(on_their_way):
        layers[index] = net_with(index, part_way(0.4))[index]
    told = outcome("BN404", probe(*layers)).findings
    assert [len(finding.accounts_for) for finding in told] == [on_their_way] * caught


@pytest.mark.parametrize(
    ("verdicts", "severity"),
    [
        (("fine", "fine", "fine"), None),
        (("fine", "note", "fine"), Severity.WARNING),
        (("fine", "warning", "note"), Severity.WARNING),
        (("note", "fine", "error"), Severity.ERROR),
    ],
    ids=["all fit", "one is worth a note", "a warning", "an error"],
)
def test_is_said_where_a_layer_is_off_and_as_grave(
    verdicts: tuple[Any, ...], severity: Severity | None
) -> None:
    layers = []
    for layer, verdict in zip(net(3, stored=part_way(0.4)), verdicts, strict=True):
        assert layer.own is not None
        assert layer.own.staleness is not None
        own = replace(layer.own, staleness=replace(layer.own.staleness, verdict=verdict))
        layers.append(replace(layer, own=own))
    told = outcome("BN404", probe(*layers)).findings
    assert [one.severity for one in told] == ([] if severity is None else [severity])


@pytest.mark.parametrize(("count", "layer"), [(1, "net/block0/bn"), (2, None)])
def test_the_only_layer_is_named(count: int, layer: str | None) -> None:
    (finding,) = outcome("BN404", probe(*net(count, stored=part_way(0.4)))).findings
    assert finding.layer == layer
    assert finding.accounts_for == {f"net/block{index}/bn" for index in range(count)}


def test_of_several_momenta_the_first_is_said() -> None:
    layers = [
        probed(f"net/block{index}/bn", index, stored=part_way(0.4), momentum=momentum)
        for index, momentum in enumerate((0.99, 0.9, 0.9))
    ]
    (finding,) = outcome("BN404", probe(*layers)).findings
    assert "; with momentum 0.99 that is about " in finding.message


def test_the_momentum_is_the_layers_unless_the_user_tells_it() -> None:
    """ln(0.598)/ln(0.99) = 51.1, and ln(0.598)/ln(0.999) = 513.9: of the share of the median layer."""
    layers = net(stored=part_way(0.4), momentum=0.99)
    (own,) = outcome("BN404", probe(*layers)).findings
    (told,) = outcome("BN404", probe(*layers), momentum=0.999).findings
    assert own.message.endswith("; with momentum 0.99 that is about 51 updates")
    assert told.message.endswith("; with momentum 0.999 that is about 513 updates")
