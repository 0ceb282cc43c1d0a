"""Refreshed batch renormalization: what is written is what each layer normalizes in the written model.

Two layers in a row, since the second shows what the first was measured with.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.mode import Mode
from bninspect.commands.refresh.plan import RefreshOptions
from bninspect.commands.refresh.refresh import refresh
from bninspect.graph import load
from tests.batchnorm.recognition.batches.test_renorm import BESIDE, CHAIN, CLIPPED, FOLDED
from tests.commands.refresh.test_mixed import asked, served
from tests.support.parts import IMAGE, MOMENTS, PARAMETERS, PHASE
from tests.support.text import graphdef

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow

FIXED = MOMENTS + BESIDE + CLIPPED + FOLDED + CHAIN.format(scale="scale", offset="offset")
NO_CORRECTION = "ones = Const([1.0, 1.0, 1.0])\nzeros = Const([0.0, 0.0, 0.0])\n"
SWITCHED = (
    MOMENTS
    + NO_CORRECTION
    + "chosen_mean = Select(phase, batch_mean, mean)\nchosen = Select(phase, batch_variance, variance)\n"
    + BESIDE.replace("(batch_variance", "(chosen")
    + CLIPPED.replace("r =", "free_r =").replace("d =", "free_d =")
    + "r = Select(phase, free_r, ones)\nd = Select(phase, free_d, zeros)\n"
    + FOLDED
    + CHAIN.format(scale="scale", offset="offset").replace("batch_mean", "chosen_mean")
)
TYPED = re.compile(r"^(\S+ = (?!Const|Placeholder)\w+\(.*)\)$", re.MULTILINE)


def twice(lines: str) -> str:
    """The layer, and the same behind it with an `_2` behind every name."""
    names = re.findall(r"^(\S+) =", lines, re.MULTILINE)
    again = re.sub(rf"\b({'|'.join(names)})\b", r"\1_2", lines)
    return lines + "relu = Relu(y)\n" + re.sub(r"\bx\b", "relu", again)


@pytest.mark.parametrize("lines", [FIXED, SWITCHED], ids=["fixed", "switched"])
def test_each_layer_is_measured_behind_layers_without_r_and_d(lines: str, tmp_path: Path) -> None:
    text = IMAGE + PHASE + twice(PARAMETERS + lines)
    source, target = tmp_path / "renorm.pb", tmp_path / "new.pb"
    source.write_bytes(graphdef(TYPED.sub(r"\1, T=float)", text)).SerializeToString())
    assert len(inspect(load(str(source))).layers) == 2
    refresh(source, target, asked(), RefreshOptions(stripped=True, checked=False))
    report = inspect(load(str(target)))
    measured = served(target)
    assert [layer.mode for layer in report.layers] == [Mode.INFERENCE] * 2
    for layer in report.layers:
        assert layer.statistics.values is not None
        mean, variance = layer.statistics.values.numbers()
        np.testing.assert_allclose(mean, measured[layer.name].mean, atol=1e-4)
        np.testing.assert_allclose(variance, measured[layer.name].variance, rtol=1e-4)
