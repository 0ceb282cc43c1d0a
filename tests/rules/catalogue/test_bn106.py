"""BN106 mode-switch-feeds-nothing."""

from __future__ import annotations

import pytest

from bninspect.rules.catalogue import bn106
from tests.support.catching import caught, found, fused
from tests.support.parts import PHASE, STORED, fused_cond

BAKED = STORED + PHASE + fused(training=True)
DROPOUT = """
s = Switch({x}, phase)
dropped = Relu(s:1)
{name} = Merge(s, dropped)
"""


def test_catches_an_orphan() -> None:
    finding = caught("BN106", BAKED)
    assert (finding.node, finding.layer) == ("phase", None)
    assert finding.message == (
        "the boolean placeholder phase feeds nothing, and 1 of 1 layer runs in training mode whatever is fed"
    )


@pytest.mark.parametrize(
    ("served", "remedy"),
    [
        (True, "bninspect strip text -o text.serving.pb"),
        (False, "pass the placeholder to the layers: tf.layers.batch_normalization(x, training=placeholder)"),
    ],
)
def test_a_graph_that_trains_is_built_anew(
    served: bool, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bn106, "is_served", lambda case: served)
    assert caught("BN106", BAKED).remedy == remedy


def test_catches_what_steers_dropout_behind_all_layers() -> None:
    text = BAKED + DROPOUT.format(x="y", name="z") + "head = Relu(z)\n"
    assert "phase reaches no batch norm" in caught("BN106", text).message


def test_does_not_catch_what_steers_something_before_a_layer() -> None:
    text = STORED + PHASE + DROPOUT.format(x="x", name="z") + fused(x="z", training=True)
    assert not found("BN106", text)


def test_does_not_catch_a_switch_of_another_layer() -> None:
    text = STORED + PHASE + fused(training=True) + fused_cond("phase", "z", "y")
    assert not found("BN106", text)


def test_does_not_catch_what_chooses_behind_both_branches() -> None:
    text = STORED + PHASE + fused(training=True, name="a") + fused(name="b")
    text += "chosen = Select(phase, a, b)\n" + fused(x="chosen", training=True, name="c")
    assert not found("BN106", text)


def test_does_not_catch_where_nothing_is_baked() -> None:
    assert not found("BN106", STORED + PHASE + fused())


def test_does_not_catch_a_number() -> None:
    text = STORED + "rate = Placeholder(dtype=float, shape=[])\n" + fused(training=True)
    assert not found("BN106", text)


def test_does_not_catch_a_constant() -> None:
    """Nor what is computed: nobody feeds it."""
    text = "flag = Const(true)\nother = Identity(flag, dtype=bool)\nkept = VariableV2(dtype=bool)\n"
    assert not found("BN106", STORED + text + fused(training=True))
