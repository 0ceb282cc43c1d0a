"""refresh on the fixtures: every form of a layer gets the moments that NumPy takes of what it normalizes.

Tolerance: ROUNDING standard deviations of a channel (of a variance: that share). TensorFlow takes moments in
float32 of float32 activations; pooling is in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import Mode, State, inspect
from bninspect.commands.refresh.refresh import write_moments
from bninspect.errors import BninspectError, InputError, RewriteError, SelectionError
from bninspect.graph import load
from bninspect.graphdef.writer import serialized
from bninspect.inputs.bind import bind
from bninspect.inputs.deciding import sources
from bninspect.inputs.request import Request
from bninspect.rewrite import specialize
from bninspect.run.session import Session
from tests.support.places import FIXTURES
from tests.support.refreshing import refresh

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Tensor

    Floats = NDArray[np.float64]

pytestmark = pytest.mark.tensorflow

ROUNDING = 1e-4
HALF_ROUNDING = 5e-3
"""Where x is float16."""
IMAGES, BATCH = 40, 16
"""The last batch has 8."""
EVERY_FORM = (
    "layers_fused_115.pb", "layers_decomposed_14.pb", "tfkeras_if.pb", "stateless_if_statistics.pb",
    "nested_functions.pb", "called_twice.pb", "cond_chains.pb", "nchw.pb", "nchw_decomposed.pb", "half.pb",
    "half_decomposed.pb", "dense.pb", "conv3d.pb", "global_stored.pb", "global_refused.pb", "net_mixed.pb",
    "contrib_forced_updates.pb", "renorm.pb", "keras3_inference.pb", "fixed_training_fused_115.pb",
    "const_true.pb", "cases/blend_of_outputs.pb", "cases/blend_of_statistics.pb",
    "cases/nested_two_predicates_of_outputs.pb", "cases/case_exclusive_refresh.pb",
    "cases/case_of_equal_cases.pb",
)  # fmt: skip
NO_PLACE = (
    "fixed_training_decomposed_14.pb", "formula_training.pb", "global_moments.pb", "keras3_training.pb",
    "old_moments.pb",
)  # fmt: skip
"""Layers that know the moments of their x alone: --strip writes them anew."""


def asked(**changes: object) -> Request:
    return Request(**{"random": IMAGES, "seed": 3, "batch_size": BATCH, **changes})  # type: ignore[arg-type]


def everything(path: Path, request: Request) -> dict[str, Floats]:
    """What every layer normalizes, all of them in training mode: (values, channels), float64, every batch."""
    report = inspect(load(str(path)))
    special = specialize(report, Mode.TRAINING)
    places = [special.edits.resolve(site_x(layer)) for layer in report.layers]
    pruned = special.pruned(places)
    decided = {tensor.name for tensor in sources(report)}
    inputs = bind(report.graph, pruned.kept, report.layers, request, decided)
    found: dict[str, list[Floats]] = {layer.name: [] for layer in report.layers}
    held = {node.name for node in pruned.graphdef.nodes}
    with Session(serialized(pruned.graphdef)) as session:
        for feeds in inputs.batches():
            fed = {name: value for name, value in feeds.items() if name.partition(":")[0] in held}
            fed |= {name: np.asarray(False) for name in decided if name.partition(":")[0] in held}
            values = session.run([pruned.names[place] for place in places], fed)
            for layer, x in zip(report.layers, values, strict=True):
                found[layer.name].append(rows(layer, x))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def site_x(layer: BatchNorm) -> Tensor:
    branch = layer.training or layer.inference
    assert branch is not None
    return branch.site.x


def rows(layer: BatchNorm, x: NDArray[np.float32]) -> Floats:
    """(values, channels) of x."""
    moved = np.moveaxis(x.astype(np.float64), 1, -1) if layer.data_format == "NCHW" else x.astype(np.float64)
    return moved.reshape(-1, moved.shape[-1])


def stored(path: Path, outputs: tuple[str, ...] = ()) -> dict[str, tuple[Floats, Floats]]:
    found = {}
    for layer in inspect(load(str(path)), outputs=outputs).layers:
        assert layer.statistics.values is not None
        found[layer.name] = layer.statistics.values.numbers()
    return found


def assert_moments(found: tuple[Floats, Floats], x: Floats, rounding: float = ROUNDING) -> None:
    scale = x.std(axis=0) + 1e-3
    assert (np.abs(found[0] - x.mean(axis=0)) / scale).max() < rounding
    assert (np.abs(found[1] - x.var(axis=0)) / scale**2).max() < rounding


def pooled(report: Report, values: dict[str, Floats]) -> dict[str, Floats]:
    """The values of each layer with those of every other call of it."""
    kept = {layer.name: layer.moving_mean and layer.moving_mean.node.nodedef for layer in report.layers}
    return {
        name: np.concatenate([values[other] for other in values if kept[other] is kept[name]])
        for name in values
    }


@pytest.mark.parametrize("name", EVERY_FORM)
def test_every_form_gets_the_moments_of_its_x(name: str, tmp_path: Path) -> None:
    source, target = FIXTURES / name, tmp_path / "new.pb"
    done = refresh(source, target, asked(), checked=False)
    assert done.left == ()
    report = inspect(load(str(source)))
    expected = pooled(report, everything(source, asked()))
    found = stored(target, tuple(tensor.name for tensor in report.outputs))
    assert found.keys() == expected.keys()
    for layer, statistics in found.items():
        assert_moments(statistics, expected[layer], HALF_ROUNDING if name.startswith("half") else ROUNDING)


def test_a_saved_model_becomes_a_graph_with_its_statistics(tmp_path: Path) -> None:
    target = tmp_path / "new.pb"
    done = refresh(FIXTURES / "saved_model_115", target, asked(), checked=False)
    assert done.report.graph.graphdef.format == "savedmodel"
    assert load(str(target)).graphdef.format == "graphdef"
    values = everything(target, asked())  # its weights are constants there
    for layer, statistics in stored(target).items():
        assert_moments(statistics, values[layer])


@pytest.mark.parametrize(
    "name", [*NO_PLACE, "fixed_training_fused_115.pb", "const_true.pb", "average_factor.pb"]
)
def test_a_model_baked_in_training_mode_serves_inference_once_stripped(name: str, tmp_path: Path) -> None:
    target = tmp_path / "new.pb"
    done = refresh(FIXTURES / name, target, asked(), stripped=True, checked=False)
    assert done.left == ()
    expected = everything(FIXTURES / name, asked())
    layers = inspect(load(str(target))).layers
    assert {layer.mode for layer in layers} == {Mode.INFERENCE}
    assert len(layers) == len(expected)
    for (mean, variance), x in zip(stored(target).values(), expected.values(), strict=True):
        assert_moments((mean, variance), x)


@pytest.mark.parametrize("name", NO_PLACE)
def test_without_strip_there_is_no_place_for_them(name: str, tmp_path: Path) -> None:
    with pytest.raises(RewriteError, match="has no place for statistics: add --strip"):
        refresh(FIXTURES / name, tmp_path / "new.pb", asked())
    assert list(tmp_path.iterdir()) == []


def test_a_stripped_model_gives_in_inference_what_training_mode_gives(tmp_path: Path) -> None:
    """One layer, all images in one batch: then both modes normalize with the same moments."""
    name, request = "old_moments.pb", asked(batch_size=IMAGES)
    refresh(FIXTURES / name, tmp_path / "new.pb", request, stripped=True, checked=False)
    values = []
    for path in (FIXTURES / name, tmp_path / "new.pb"):
        report = inspect(load(str(path)))
        inputs = bind(report.graph, set(report.graph), report.layers, request, set())
        with Session(path.read_bytes()) as session:
            values += session.run([report.outputs[0].name], next(iter(inputs.batches())))
    np.testing.assert_allclose(values[0], values[1], atol=1e-4 * np.abs(values[0]).max())


@pytest.mark.parametrize("name", ["siamese.pb", "siamese_decomposed.pb"])
def test_both_calls_of_a_pair_are_pooled(name: str, tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    feeds = []
    for side, level in (("left", 0.0), ("right", 2.0)):
        np.save(tmp_path / f"{side}.npy", draw.normal(level, 1 + level, (24, 8, 8, 3)).astype(np.float32))
        feeds.append(f"{side}=@{tmp_path / side}.npy")
    request = Request(feeds=tuple(feeds))
    done = refresh(FIXTURES / name, tmp_path / "new.pb", request, layers=("bn",))
    assert [row.layer.name for row in done.rows] == ["bn", "bn_1"]
    assert done.rows[0].others == ("bn_1",)
    values = everything(FIXTURES / name, request)
    both = np.concatenate(list(values.values()))
    assert len(both) == done.rows[0].values
    for found in stored(tmp_path / "new.pb").values():
        assert_moments(found, both)


def test_the_layers_that_are_not_asked_for_run_as_deployed(tmp_path: Path) -> None:
    source, target = FIXTURES / "two_switches.pb", tmp_path / "new.pb"
    second = inspect(load(str(source))).layers[1]
    done = refresh(source, target, asked(), layers=(second.name,), checked=False)
    assert [row.layer.name for row in done.rows] == [second.name]
    report = inspect(load(str(source)))
    special = specialize(report, lambda layer: Mode.TRAINING if layer.name == second.name else Mode.INFERENCE)
    place = special.edits.resolve(report.layers[1].x)
    pruned = special.pruned([place])
    inputs = bind(report.graph, pruned.kept, report.layers, asked(), set())
    with Session(serialized(pruned.graphdef)) as session:
        values = [rows(second, session.run([pruned.names[place]], feeds)[0]) for feeds in inputs.batches()]
    now, before = stored(target), stored(source)
    assert_moments(now[second.name], np.concatenate(values))
    first = report.layers[0].name
    np.testing.assert_array_equal(now[first][0], before[first][0])


def test_what_does_not_change_is_the_rest(tmp_path: Path) -> None:
    source = FIXTURES / "net_mixed.pb"
    refresh(source, tmp_path / "new.pb", asked(), checked=False)
    old, new = load(str(source)).graphdef, load(str(tmp_path / "new.pb")).graphdef
    changed = [
        one.name
        for one, other in zip(old.nodes, new.nodes, strict=True)
        if one.span.bytes() != other.span.bytes()
    ]
    assert sorted(changed) == sorted(
        f"bn{number}/moving_{what}" for number in (1, 2, 3, 4) for what in ("mean", "variance")
    )
    assert source.stat().st_size == len(source.read_bytes())


def test_the_result_is_looked_at(tmp_path: Path) -> None:
    done = refresh(FIXTURES / "classic_net.pb", tmp_path / "new.pb", Request(random=64, seed=1))
    (row,) = done.rows
    assert row.layer.statistics.state is State.INITIAL
    assert row.before is not None
    assert (row.before.verdict, done.images_checked) == ("error", 64)
    assert done.ran is not None
    assert done.ran.state == "verified"
    assert row.after is not None
    for measured in (row.after.own, row.after.deployed):
        assert measured is not None
        assert measured.staleness is not None
        assert measured.staleness.verdict == "fine"
    assert done.result is not None
    codes = {one.finding.code for one in done.result.found}
    assert not codes & {"BN201", "BN202", "BN403", "BN404"}


def test_what_the_result_serves_still_is_told(tmp_path: Path) -> None:
    done = refresh(FIXTURES / "fixed_training_fused_2.pb", tmp_path / "new.pb", asked(), checked=False)
    assert [layer.mode for layer in done.serving.layers] == [Mode.TRAINING]


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"layers": ("nobody",)}, SelectionError, "--layer nobody matches none of the 1 layers"),
        ({"mix": 1.0}, InputError, "at least 0 and less than 1"),
        ({"parts": ("a.npz",)}, InputError, "images to run, or parts to merge"),
    ],
)
def test_what_does_not_go(
    changes: dict[str, object], error: type[BninspectError], told: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=told):
        refresh(FIXTURES / "classic.pb", tmp_path / "new.pb", asked(), **changes)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_values_that_are_no_numbers_are_not_written(tmp_path: Path) -> None:
    np.save(tmp_path / "nan.npy", np.full((4, 224, 224, 3), np.nan, np.float32))
    request = Request(feeds=(f"image=@{tmp_path / 'nan.npy'}",))
    with pytest.raises(RewriteError, match="what it normalizes is not finite on these images"):
        refresh(FIXTURES / "classic.pb", tmp_path / "new.pb", request)
    assert not (tmp_path / "new.pb").exists()


def test_parts_of_a_keras_file_belong_together(tmp_path: Path) -> None:
    """Keras makes a graph of other bytes each time it loads the file."""
    pytest.importorskip("keras", reason="loads a Keras file")
    source, parts = FIXTURES / "model.keras", []
    for seed in (1, 2):
        parts.append(tmp_path / f"{seed}.npz")
        write_moments(source, parts[-1], asked(seed=seed))
    done = refresh(source, tmp_path / "new.pb", parts=parts)
    assert (done.parts, done.estimates.images) == (2, 2 * IMAGES)
