"""Flipped layers against their formula, whichever axes of x have statistics of their own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

import bninspect
from bninspect.commands.strip.by_formula import Flipped
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kept_axes", [(-1,), (1,), (-2, -1), (-3, -1), (-3, -2, -1)])
def test_the_formula_in_training_mode(kept_axes: tuple[int, ...]) -> None:
    layer = bninspect.inspect(bninspect.load(str(FIXTURES / "classic.pb"))).layers[0]
    x = np.random.default_rng(1).normal(3, 2, (6, 4, 5, 3))
    kept = [axis % 4 for axis in kept_axes]
    over = tuple(axis for axis in range(4) if axis not in kept)
    gamma = np.arange(1.0, 1 + math.prod(x.shape[axis] for axis in kept))
    flipped = Flipped(
        layer=layer,
        original="y",
        output="y",
        x="x",
        parts={"gamma": "gamma"},
        epsilon=0.0,
        kept_axes=kept_axes,
    )
    y = flipped.expected({"x": x, "y": x, "gamma": gamma})
    np.testing.assert_allclose(y.mean(axis=over), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=over).ravel(), gamma)


@pytest.mark.tensorflow
def test_a_layer_of_axes_that_lie_apart_is_flipped(tmp_path: Path) -> None:
    source = FIXTURES / "cases" / "axes_apart_inference.pb"
    found = bninspect.strip(source, tmp_path / "training.pb", mode="training")
    assert found.verification is not None
    assert found.verification.state == "verified"
