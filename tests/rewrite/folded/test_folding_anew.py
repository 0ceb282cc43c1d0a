"""Layers folded into a convolution, written anew: every node that is made, of each kind. Golden listings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import Mode
from bninspect.errors import RewriteError
from bninspect.rewrite import specialize
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.folded.scaled_weights import refold, unfreeze
from bninspect.rewrite.statistics.inserted import inserted
from tests.rewrite.folded.test_ranges import NUMBERS, RANGES, by_channel, model
from tests.support.listing import changed
from tests.support.parts import STORED, report

if TYPE_CHECKING:
    from collections.abc import Callable

GAMMA = (
    ("multiplier = Mul(gamma, root, T=float)\n", ""),
    ("Mul(weights, multiplier, T=float)", "Mul(weights, root, T=float)"),
    ("Mul(mean, multiplier, T=float)", "Mul(mean, root, T=float)"),
)
BETA = (
    ("shift = Mul(mean,", "minus = Neg(mean, T=float)\nshift = Mul(minus,"),
    ("y = Add(conv, offset, T=float)", "y = Add(conv, shift, T=float)"),
)
LEARNED = """seen = Const(7.0)
most = VariableV2(dtype=float, shape=[])
learn = Assign(most, seen, T=float)
out = FakeQuantWithMinMaxVars(y, low, learn)
"""
KINDS = {
    "rounded": (),
    "alone": RANGES["none"][0],
    "without gamma": GAMMA,
    "without beta": BETA,
    "depthwise": by_channel(", shape=[1, 1, 2, 1]"),
    "beside a range that is learned": (("out = Relu(y, T=float)\n", LEARNED),),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_folded_layer_is_made_of(kind: str, expected: Callable[[str, str], None]) -> None:
    """With statistics that are given, and with those of the batch."""
    found = model(*KINDS[kind])
    before = found.graph.graphdef
    special = specialize(found, Mode.TRAINING)
    ways = {
        "inserted": inserted(found, {"y": NUMBERS}),
        "trained": special.pruned((), found.outputs).graphdef,
    }
    lines = [line for way, after in ways.items() for line in (f"{way}:", *changed(after, before), "")]
    expected(f"folded-{kind.replace(' ', '-')}.txt", "\n".join(lines))


def test_a_layer_that_stands_in_no_convolution_is_not_folded_anew() -> None:
    fused = "bn = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false, T=float, U=float)\n"
    found = report(STORED + fused)
    (layer,) = found.layers
    site = layer.sites[0]
    message = "^bn is not folded into a convolution$"
    with pytest.raises(RewriteError, match=message):
        unfreeze(Edits(found.graph), layer, site)
    with pytest.raises(RewriteError, match=message):
        refold(Edits(found.graph), layer, site, site.mean, site.variance, anew=False)
