"""Layers that a mode cannot be had of: each is left as it is, with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import Mode
from bninspect.batchnorm.branches import Fixed
from bninspect.batchnorm.layer import MovingStatistics
from bninspect.errors import RewriteError
from bninspect.rewrite import specialize
from bninspect.rewrite.strip import strip
from tests.rewrite.folded.test_ranges import REFUSED, model
from tests.rewrite.test_formulas import SEVERAL
from tests.support.fixtures import with_loops
from tests.support.parts import BATCH, report

if TYPE_CHECKING:
    from bninspect.batchnorm import Report


def training(found: Report) -> Report:
    """The first layer with its only branch taken for training, and statistics that a file holds beside it."""
    layer = found.layers[0]
    (branch, *_) = layer.wiring.branches
    moving = layer.moving or MovingStatistics(mean=branch.mean, variance=branch.variance)
    fixed = replace(layer, wiring=Fixed(mode=Mode.TRAINING, only=branch), moving=moving)
    return replace(found, layers=(fixed,))


def without_parameters(found: Report) -> Report:
    (layer,) = found.layers
    return replace(found, layers=(replace(layer, gamma=None, beta=None),))


LEFT = {
    "in a loop": (
        with_loops("while_inside.pb"), "it stands in a loop, and its stored statistics outside of it",
    ),
    "folded, channels first": (
        model(*REFUSED["channels first"][0]), "it is folded into a convolution whose channels come first",
    ),
    "a chain of several axes": (
        without_parameters(SEVERAL.report(Mode.TRAINING)),
        "offset: the layout of its statistics of several axes is unknown",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", LEFT)
def test_stored_statistics_that_cannot_take_the_place_of_the_batch_s(kind: str) -> None:
    found, reason = LEFT[kind]
    given = training(found)
    special = specialize(given, Mode.INFERENCE)
    assert [(change.what, change.reason) for change in special.changes] == [("left", reason)]
    with pytest.raises(RewriteError) as refused:
        strip(given)
    assert reason.removeprefix("it") in str(refused.value)


CHAIN = """
centred = Sub(x, batch_mean)
added = Add(batch_variance, epsilon)
root = Rsqrt(added)
normal = Mul(centred, root)
bn = Add(normal, beta)
top = Identity(bn, T=float)
"""


def test_refresh_estimates_what_a_chain_has_no_place_for() -> None:
    with pytest.raises(RewriteError) as refused:
        strip(report(BATCH + CHAIN))
    assert str(refused.value) == (
        "bn cannot run in inference mode: its stored statistics are not in the file; bninspect refresh with "
        "--strip estimates them from images"
    )
