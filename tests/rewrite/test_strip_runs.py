"""strip, then run: on every fixture and every model of the corpus that TensorFlow runs, the new model gives
what the original gives, fed for inference.

What to feed a fixture is read from the table that describes them, not asked of the program: so a wrong answer
about the mode cannot agree with itself. `pytest -rP` prints what is bit for bit.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.cli import run
from bninspect.graph.search import upstream
from bninspect.graphdef.writer import serialized
from bninspect.inputs.invented import invented
from bninspect.inputs.placeholders import placeholders
from bninspect.inputs.request import Request
from bninspect.models.open import load
from bninspect.rewrite import specialize as honest
from bninspect.run.session import Session
from bninspect.run.unfused import INTERNAL, unfused
from bninspect.text import grouped
from tests.rewrite.test_strip import WITHOUT_STATISTICS
from tests.support.freezing import freeze
from tests.support.places import FIXTURES
from tests.support.stripping import strip
from tests.support.tables import Row, fixtures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.rewrite import Specialization

NOISE = 2e-6
"""The largest difference, in parts of the largest value of the output; float32 rounds by 6e-8 of a value.

All but a few fixtures with functions in them, which TensorFlow runs in a way of its own, are bit for bit.
"""
RUNNING = [
    row
    for row in fixtures()
    if row.file.endswith(".pb")
    and row.runs == "yes"
    and any(row.modes.values())
    and row.mode != "training"
    and row.file not in WITHOUT_STATISTICS
]
OUTPUTS = {"lookalikes.pb": ("Identity",)}
"""Where the file does not tell them."""
HALF = 1e-3
"""The same of float16, which rounds by 5e-4 of a value."""
CORPUS = os.environ.get("BNINSPECT_CORPUS")
FROZEN = (
    "ARM-software__ML-KWS-for-MCU/CNN/CNN_L.pb",
    "ARM-software__ML-KWS-for-MCU/DS_CNN/DS_CNN_L.pb",
    "cdyangzhenyu__emotion-rec/models/model.pb",
    "deeplearning4j__dl4j-test-resources/rank2_batch4_sz5_noFused/frozen_model.pb",
    "deeplearning4j__dl4j-test-resources/rank4_nhwc_batch2_sz5_fused/frozen_model.pb",
    "deeplearning4j__dl4j-test-resources/rank4_nhwc_batch3_sz5_fused_m50_e01/frozen_model.pb",
    "deeplearning4j__dl4j-test-resources/rank4_nhwc_batch4_sz5_noFused/frozen_model.pb",
)
"""Models of the corpus that TensorFlow runs as they are. FusedBatchNorm in training mode without statistics
(KonduitAI) is refused, and the ops of pointnet.pb are its author's."""
UNFROZEN = {
    "SJCaldwell__alpha-toe/temp/best.pth.tar.meta": ("Softmax",),
    "dotnet__machinelearning-testdata/sentiment_model/saved_model.pb": ("Prediction/Softmax",),
    "ildoonet__tf-pose-estimation/mobilenet_thin/graph.pb": (),
    "intel-analytics__BigDL/saved-model-resource/saved_model.pb": ("dense_2/Softmax",),
    "Kislay-das__YOLOv3/checkpoint/yolov3_coco_demo.ckpt.meta": (
        "pred_sbbox/concat_2",
        "pred_lbbox/concat_2",
    ),
    "deeplearning4j__dl4j-test-resources/ssd_inception_v2_coco_2018_01_28/model.ckpt.meta": (
        "Postprocessor/BatchMultiClassNonMaxSuppression/map/while/Exit",
        "concat",
    ),
}
"""Models whose variables are outside the file, frozen with made-up values, and the outputs to keep."""

pytestmark = pytest.mark.tensorflow


def _run(path: Path, names: list[str], feeds: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    graph = load(str(path))
    held = {node.name for node in graph}
    # An internal op has no kernel on most processors; test_unfused.py holds what it is written out as.
    internal = any(node.op == INTERNAL for node in graph)
    with Session(serialized(unfused(graph.graphdef)) if internal else path.read_bytes()) as session:
        return session.run(names, {name: value for name, value in feeds.items() if name[:-2] in held})


@pytest.mark.parametrize("row", RUNNING, ids=lambda row: row.file)
def test_a_stripped_fixture_gives_what_the_original_gives(row: Row, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    source, target = FIXTURES / row.file, tmp_path / "out.pb"
    outputs = OUTPUTS.get(row.file, ())
    result = strip(source, target, outputs=outputs, verify=False, unfrozen=True)
    report = inspect(load(str(source)), outputs=outputs)
    decided = {f"{name}:0": not value for name, value in row.training_when.items()}
    places = placeholders(report.graph, upstream(tensor.node for tensor in report.outputs))
    free = [place for place in places if place.name not in decided and not place.has_default]
    feeds = invented(report.graph, free, report.layers, Request(seed=5))
    names = [tensor.name for tensor in report.outputs]
    old = _run(source, names, {**feeds, **{name: np.asarray(value) for name, value in decided.items()}})
    new = _run(
        target, [result.stripped.pruned.names[tensor] for tensor in result.stripped.report.outputs], feeds
    )
    for name, before, after in zip(names, old, new, strict=True):
        apart = float(np.abs(after.astype(np.float64) - before.astype(np.float64)).max(initial=0.0))
        size = float(np.abs(before.astype(np.float64)).max(initial=0.0))
        print(f"{row.file} {name}: {'bit for bit' if not apart else f'{apart:.2g} of {size:.3g}'}")
        assert np.isfinite(before).all()
        assert before.min() < before.max()
        assert apart <= (HALF if before.dtype == np.float16 else NOISE) * size
    _only_inference_is_left(target)


def _only_inference_is_left(target: Path) -> None:
    after = inspect(load(str(target)))
    assert {layer.mode for layer in after.layers} == {Mode.INFERENCE}
    assert {layer.switch for layer in after.layers} == {None}


@pytest.mark.skipif(CORPUS is None, reason="BNINSPECT_CORPUS does not name the corpus")
@pytest.mark.parametrize("name", [*FROZEN, *UNFROZEN])
def test_a_stripped_model_of_others_gives_what_the_original_gives(name: str, tmp_path: Path) -> None:
    """Compared by strip itself, at the outputs and at every layer; all of them are bit for bit here."""
    pytest.importorskip("tensorflow", reason="runs the model")
    source, target = Path(str(CORPUS)) / name, tmp_path / "out.pb"
    if name in UNFROZEN:
        source = tmp_path / "frozen.pb"
        freeze(Path(str(CORPUS)) / name, source)
    small = Request(batch_size=None if name in FROZEN else 1, size=(64, 64))
    result = strip(source, target, outputs=UNFROZEN.get(name, ()), request=small, unfrozen=True)
    found = result.verification
    assert found is not None
    assert (found.state, found.reason) == ("verified", None)
    print(f"{name}: {'bit for bit' if not found.max_abs else found.max_abs}")
    _only_inference_is_left(target)


@pytest.mark.parametrize(
    ("file", "layers"),
    [
        ("average_factor.pb", ["bn"]),
        ("const_true.pb", ["cond"]),
        ("fixed_training_fused_2.pb", ["bn"]),
        ("is_training_absent.pb", ["bn"]),
        ("tfkeras_training.pb", ["sequential/bn1", "sequential/bn2"]),
    ],
)
def test_layers_fixed_to_training_are_compared_too(
    file: str, layers: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All around them with the original, themselves with their formula; they are named."""
    pytest.importorskip("tensorflow", reason="runs the model")
    assert run(["strip", str(FIXTURES / file), "-o", str(tmp_path / "out.pb")]) == 0
    told = capsys.readouterr().out
    assert ": written, verified: " in told
    assert f"  {grouped(layers)}: inference mode, fixed to training mode before\n" in told
    _only_inference_is_left(tmp_path / "out.pb")


@pytest.mark.parametrize(
    "file",
    [
        "checkpoint/model.ckpt.meta",
        "model.keras",
        "saved_model_115",
        "saved_module",
        "saved_tfkeras",
        "saved_training",
        "training/cond_ema_115/model.ckpt-20.meta",
    ],
)
def test_what_holds_its_variables_beside_it(file: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    result = strip(FIXTURES / file, tmp_path / "out.pb")
    assert result.verification is not None
    assert (result.verification.state, result.verification.reason) == ("verified", None)
    _only_inference_is_left(tmp_path / "out.pb")


@pytest.mark.parametrize(
    "file",
    ["fixed_inference_decomposed_115.pb", "fixed_inference_fused_115.pb", "checkpoint/model.ckpt.meta"],
)
def test_training_mode_is_compared_too(file: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    result = strip(FIXTURES / file, tmp_path / "out.pb", mode="training")
    assert result.verification is not None
    assert (result.verification.state, result.verification.reason) == ("verified", None)


@pytest.mark.parametrize("file", ["tfkeras_training.pb", "classic.pb"])
def test_a_result_that_differs_is_not_written(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flipped layer that reads its variance as its mean; the wrong branch taken."""
    pytest.importorskip("tensorflow", reason="runs the model")

    def wrong(report: Report, mode: Mode, **options: Any) -> Specialization:
        if file == "classic.pb":
            return honest(report, Mode.TRAINING, **options)
        found = honest(report, mode, **options)
        layer = report.layers[0]
        assert layer.training is not None
        assert layer.moving_variance is not None
        found.edits.override(layer.training.node, 3, layer.moving_variance)
        return found

    monkeypatch.setattr("bninspect.rewrite.strip.specialize", wrong)
    monkeypatch.setattr("bninspect.rewrite.strip._refuse_other", lambda *given: None)
    assert run(["strip", str(FIXTURES / file), "-o", str(tmp_path / "out.pb")]) == 2
    assert "differs by" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
