"""strip on every fixture: one mode is left, nothing that decided is, and the outputs stay what they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.cli import run
from bninspect.errors import RewriteError
from bninspect.graph import load
from bninspect.graphdef import writer
from bninspect.rewrite.strip import strip
from tests.support.places import FIXTURES

MODELS = sorted(path.name for path in FIXTURES.glob("*.pb"))
LAYERS = [name for name in MODELS if inspect(load(str(FIXTURES / name))).layers]
WITHOUT_STATISTICS = {
    "default_stripped.pb", "fixed_training_decomposed_115.pb",
    "fixed_training_decomposed_14.pb", "fixed_training_decomposed_2.pb", "fixed_training_fused_115.pb",
    "fixed_training_fused_14.pb", "formula_training.pb", "global_moments.pb", "keras3_training.pb",
    "mixed_modes.pb", "old_moments.pb",
}  # fmt: skip
"""Training is baked in, and nothing stored is tied to the layer."""
LOOPS = {"while_beside.pb", "while_inside.pb", "while_inside_switched.pb", "while_v2.pb"}
"""Their loops stay, Switch, Merge and all."""


@pytest.mark.parametrize("name", LAYERS)
def test_only_inference_is_left(name: str, tmp_path: Path) -> None:
    source = FIXTURES / name
    report = inspect(load(str(source)))
    if name in WITHOUT_STATISTICS:
        with pytest.raises(RewriteError, match="cannot run in inference mode: "):
            strip(report)
        return
    target = tmp_path / "stripped.pb"
    size = writer.write(strip(report).pruned.graphdef, target)
    assert size == target.stat().st_size
    after = inspect(load(str(target)))
    assert [layer.mode for layer in after.layers] == [Mode.INFERENCE] * len(report.layers)
    assert [tensor.name for tensor in after.outputs] == [tensor.name for tensor in report.outputs]
    deciding = [
        node for node in after.graph if node.op.startswith("Placeholder") and node.attr("dtype") == "bool"
    ]
    assert deciding == []
    if name not in LOOPS:
        assert [node for node in after.graph if node.op in ("Switch", "Merge", "If", "StatelessIf")] == []


@pytest.mark.parametrize(
    "name", ["classic.pb", "layers_fused_14.pb", "cond_ema_115.pb", "stateless_if_net.pb"]
)
def test_training_only(name: str, tmp_path: Path) -> None:
    target = tmp_path / "trains.pb"
    stripped = strip(inspect(load(str(FIXTURES / name))), Mode.TRAINING)
    writer.write(stripped.pruned.graphdef, target)
    assert {layer.mode for layer in inspect(load(str(target))).layers} == {Mode.TRAINING}


def test_a_refused_strip_leaves_the_target_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.pb"
    target.write_bytes(b"mine")
    assert run(["strip", str(FIXTURES / "old_moments.pb"), "-o", str(target), "--no-verify"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert target.read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out.pb"]


def test_the_model_itself_is_no_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model.pb"
    model.write_bytes((FIXTURES / "classic.pb").read_bytes())
    assert run(["strip", str(model), "-o", str(model), "--no-verify"]) == 2
    assert "is the model itself" in capsys.readouterr().err


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "name", ["classic.pb", "dropout_decoy_115.pb", "tfkeras_if.pb", "nested_functions.pb"]
)
def test_the_outputs_are_those_of_the_original(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    assert run(["strip", str(FIXTURES / name), "-o", str(tmp_path / "out.pb")]) == 0
    assert ": written, verified: " in capsys.readouterr().out
