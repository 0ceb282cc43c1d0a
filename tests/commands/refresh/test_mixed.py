"""Where a share of the old statistics is kept, each layer is measured behind layers that keep it, too."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.mode import Mode
from bninspect.cli import run
from bninspect.commands.refresh.jobs import Work, measure_in_worker
from bninspect.commands.refresh.plan import RefreshOptions
from bninspect.commands.refresh.reestimate import estimate
from bninspect.commands.refresh.refresh import refresh
from bninspect.graph import load
from bninspect.inputs.bind import bind
from bninspect.inputs.deciding import sources
from bninspect.inputs.request import Request
from bninspect.measure.both_modes import moments_in
from bninspect.rewrite import specialize
from bninspect.run.program import Program
from bninspect.statistics.pooling import ImageMoments
from tests.support.places import FIXTURES
from tests.support.refreshing import MODEL

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.statistics.pooling import Moments

pytestmark = pytest.mark.tensorflow

IMAGES = 8
FORMS = (
    "net_mixed.pb", "layers_fused_115.pb", "layers_decomposed_14.pb", "tfkeras_if.pb", "nchw.pb",
    "nchw_decomposed.pb", "conv3d.pb", "dense.pb", "global_stored.pb", "cond_chains.pb",
    "cases/blend_of_statistics.pb", "cases/nested_two_predicates_of_outputs.pb",
)  # fmt: skip


def asked(**more: Any) -> Request:
    return Request(random=IMAGES, seed=3, batch_size=IMAGES, **more)


def served(path: Path) -> dict[str, Moments]:
    """What every layer normalizes in inference mode, over all images."""
    report = inspect(load(str(path)))
    special = specialize(report, Mode.INFERENCE)
    places = {layer.name: moments_in(special, layer, Mode.INFERENCE) for layer in report.layers}
    pruned = special.pruned([tensor for found in places.values() for tensor in found])
    inputs = bind(report.graph, pruned.kept, report.layers, asked(), {one.name for one in sources(report)})
    names = {layer: [pruned.names[tensor] for tensor in found] for layer, found in places.items()}
    fetched = [name for found in names.values() for name in found]
    program = Program.of(pruned.graphdef, fetched, inputs.names)
    with program.session() as session:
        values = dict(zip(fetched, session.run(fetched, next(inputs.batches())), strict=True))
    found = {}
    for layer, (mean, variance, count) in names.items():
        found[layer] = ImageMoments.of(values[mean], values[variance], int(values[count][0])).pooled()
    return found


@pytest.mark.parametrize("name", FORMS)
def test_a_mixture_is_that_of_the_model_that_is_written(name: str, tmp_path: Path) -> None:
    """Written is share * old + (1 - share) * what the layer normalizes in the written model."""
    target = tmp_path / "new.pb"
    done = refresh(FIXTURES / name, target, asked(), RefreshOptions(prior=8, checked=False))
    assert done.mix == 0.5
    before = {layer.name: layer for layer in inspect(load(str(FIXTURES / name))).layers}
    after = {layer.name: layer for layer in inspect(load(str(target))).layers}
    measured = served(target)
    assert done.rows
    for row in done.rows:
        old, new = before[row.name].statistics.values, after[row.name].statistics.values
        assert old is not None
        assert new is not None
        moments = measured[row.name]
        deviation = np.sqrt(moments.variance + 1e-3)
        pairs = zip(old.numbers(), (moments.mean, moments.variance), new.numbers(), strict=True)
        for (kept, seen, written), unit in zip(pairs, (deviation, deviation**2), strict=True):
            np.testing.assert_allclose(written / unit, (kept + seen) / 2 / unit, atol=2e-4, rtol=2e-4)


def test_to_keep_nothing_changes_nothing() -> None:
    report = inspect(load(str(MODEL)))
    plain = estimate(report, report.layers, asked())
    none = estimate(report, report.layers, asked(), kept=lambda images: 0.0)
    half = estimate(report, report.layers, asked(), kept=lambda images: 0.5)
    last = report.layers[-1].name
    for name, one in plain.layers.items():
        np.testing.assert_allclose(one.sums.moments.mean, none.layers[name].sums.moments.mean, atol=1e-5)
    difference = plain.layers[last].sums.moments.mean - half.layers[last].sums.moments.mean
    assert np.abs(difference).max() > 1e-3


def test_workers_mix_too() -> None:
    report = inspect(load(str(MODEL)))
    alone = estimate(report, report.layers, asked(), kept=lambda images: 0.5)
    work = Work(model=str(MODEL), options=RefreshOptions(prior=IMAGES), request=asked(), device="cpu")
    ((batch, images),) = measure_in_worker(pickle.dumps(work), 0, 1).batches
    assert images == IMAGES
    for name, one in alone.layers.items():
        np.testing.assert_allclose(batch[name].moments.mean, one.sums.moments.mean, atol=1e-5)


def test_parts_of_another_share_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["refresh", str(MODEL), "-o", str(tmp_path / "o.pb"), "--random", "8", "--no-check"]
    kept = ["--parts", str(tmp_path / "parts")]
    assert run([*asked, *kept, "--prior", "8"]) == 0
    assert run([*asked, *kept, "--prior", "8"]) == 0
    assert run([*asked, *kept]) == 2
    assert "is of another run" in capsys.readouterr().err
