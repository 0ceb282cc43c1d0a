"""What the tests of refresh share: the verb, parts that no images were run for, and the line of a refusal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm import inspect
from bninspect.cli import run
from bninspect.commands.refresh import refresh as refreshing
from bninspect.commands.refresh.estimates import Estimate, Estimates
from bninspect.commands.refresh.parts import digest, write_part
from bninspect.commands.refresh.plan import RefreshOptions, plan
from bninspect.graph import load
from bninspect.statistics.moment_sums import MomentSums
from bninspect.statistics.pooling import ImageMoments
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from bninspect.commands.refresh.refreshed import Refreshed
    from bninspect.inputs.request import Request

MODEL = ROOT / "fixtures" / "net_mixed.pb"


def refresh(
    model: str | Path,
    target: str | Path,
    request: Request | None = None,
    *,
    parts: Sequence[str | Path] = (),
    **options: Any,
) -> Refreshed:
    """What the command makes of these options."""
    return refreshing.refresh(model, target, request, RefreshOptions(**options), parts=parts)


def part(path: Path, model: Path = MODEL, seed: int = 0, **changes: Any) -> str:
    """A part of 64 images, its moments drawn by a seed; as if measured, and without TensorFlow."""
    made = plan(inspect(load(str(model))))
    draw = np.random.default_rng(seed)
    layers = {}
    for layer in made.layers:
        shape = (64, layer.channels or 1)
        moments = ImageMoments.of(draw.normal(size=shape), draw.uniform(0.5, 2, shape), 64)
        sums = MomentSums.of(moments)
        layers[layer.name] = Estimate(sums=sums, fewest=2048, between=sums.as_one())
    facts: dict[str, Any] = {
        "layers": layers, "left": {}, "images": 64, "batch_size": 32, "last": 32, "how": {"preset": "tf"},
    }  # fmt: skip
    write_part(
        str(path), Estimates(**{**facts, **changes}), digest(made.report.graph.graphdef), made.training
    )
    return str(path)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that such a command ends with."""
    assert run(["refresh", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("bninspect: ")
    assert captured.err.count("\n") == 1
    return captured.err
