"""What the facts of a probe say of themselves: of a layer, of what was fed, of what is asked unless told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.measure.facts import InputFact, ProbedLayer, Question, Verification
from tests.support.measuring import off_by
from tests.support.probes import probe
from tests.support.reports import layer

FINE, NOTE, WARNING, ERROR = 0.0, 0.2, 0.4, 2.0
"""How far off in standard deviations."""


def probed(own: float | None, deployed: float | None, name: str = "bn") -> ProbedLayer:
    return ProbedLayer(
        layer=layer(name),
        values=576,
        images=64,
        own=off_by(own),
        deployed=off_by(deployed),
        difference=None,
    )


@pytest.mark.parametrize(
    ("own", "deployed", "guilty", "inherits"),
    [
        (FINE, FINE, False, False),
        (NOTE, NOTE, False, False),
        (WARNING, FINE, True, False),
        (ERROR, ERROR, True, False),
        (FINE, WARNING, False, True),
        (NOTE, ERROR, False, True),
        (FINE, NOTE, False, False),
        (None, ERROR, False, False),
        (FINE, None, False, False),
        (None, None, False, False),
    ],
)
def test_a_layer_is_guilty_or_inherits(
    own: float | None, deployed: float | None, guilty: bool, inherits: bool
) -> None:
    found = probed(own, deployed)
    assert (found.is_guilty, found.inherits) == (guilty, inherits)
    assert replace(found, own=None).inherits is False
    assert replace(found, deployed=None).deployed_staleness is None


def test_a_measurement_says_what_its_staleness_says() -> None:
    found = off_by(WARNING)
    assert found.score == pytest.approx(WARNING)
    assert found.score_error == pytest.approx(0.0, abs=1e-12)
    assert found.verdict == "warning"
    nothing = off_by(None)
    assert (nothing.score, nothing.score_error, nothing.verdict) == (None, None, None)


@pytest.mark.parametrize(
    ("training", "inference", "both"),
    [
        ("branch", "branch", True),
        ("flipped", "kept", True),
        ("left", "kept", False),
        ("branch", "left", False),
    ],
)
def test_a_layer_that_was_left_has_one_mode(training: str, inference: str, both: bool) -> None:
    assert replace(probed(FINE, FINE), training=training, inference=inference).has_both_modes is both


def test_the_guilty_are_named_in_graph_order_and_for_random_numbers_none() -> None:
    layers = [probed(ERROR, ERROR, "a"), probed(FINE, ERROR, "b"), probed(WARNING, FINE, "c")]
    found = probe(*layers)
    assert (found.drawn, found.guilty) == (False, ("a", "c"))
    assert replace(found, layers=tuple(reversed(found.layers))).guilty == ("a", "c")
    numbers = InputFact(name="x:0", dtype="float32", shape=(4,), source=("numbers",), preset=None, drawn=True)
    random = replace(found, inputs=(*found.inputs, numbers))
    assert (random.drawn, random.guilty) == (True, ())


def test_what_is_asked_unless_told() -> None:
    asked = Question(layers=())
    assert (asked.keep, asked.seen, asked.switch, asked.patched) == (False, False, "layers", ())
    assert (asked.verify, asked.companions, asked.presets) == (True, True, True)
    assert probed(FINE, FINE).single is False
    assert Verification(state="verified").layer_by_layer is False
    assert probe(probed(FINE, FINE)).inputs[0].drawn is False
