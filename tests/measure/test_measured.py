"""`--sort score`: the layers by their own error."""

from __future__ import annotations

from dataclasses import replace

from bninspect.measure.measured import worst_first
from tests.commands.probe.test_diagnosis import shifted_by
from tests.support.probes import probe, probed


def test_the_largest_own_error_is_first_and_layers_without_one_last() -> None:
    fine, bad, worse, alone = (
        probed("fine", 0),
        probed("bad", 1, stored=shifted_by(1.0)),
        probed("worse", 2, stored=shifted_by(3.0)),
        replace(probed("alone", 3), own=None),
    )
    found = worst_first(probe(alone, fine, bad, worse))
    assert [one.layer.name for one in found.layers] == ["worse", "bad", "fine", "alone"]
    assert found.guilty == ("bad", "worse")


def test_a_layer_whose_error_is_no_number_comes_before_all() -> None:
    bad, odd = probed("bad", 0, stored=shifted_by(3.0)), probed("odd", 1)
    assert odd.own is not None
    assert odd.own.staleness is not None
    broken = replace(odd.own, staleness=replace(odd.own.staleness, score=None))
    found = worst_first(probe(bad, replace(odd, own=broken)))
    assert [one.layer.name for one in found.layers] == ["odd", "bad"]


def test_equal_errors_stay_in_the_order_of_the_graph() -> None:
    layers = [replace(probed(name, index), own=None) for index, name in enumerate("abc")]
    assert [one.layer.name for one in worst_first(probe(*layers)).layers] == ["a", "b", "c"]
