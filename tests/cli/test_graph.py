"""`bninspect graph` on real files, from the command line to what is printed."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from bninspect.cli import run
from tests.support.places import FIXTURES


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def graph(capsys: pytest.CaptureFixture[str], name: str, *arguments: str) -> str:
    assert run(["graph", str(FIXTURES / name), *arguments]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def document(capsys: pytest.CaptureFixture[str], name: str, *arguments: str) -> Any:
    return json.loads(graph(capsys, name, *arguments, "--format", "json"))


def test_the_table_of_a_switched_model(capsys: pytest.CaptureFixture[str]) -> None:
    text = graph(capsys, "layers_fused_14.pb")
    assert "1 batch-norm layer, switched by training:0 (Placeholder)" in text
    assert "training   bn/cond/FusedBatchNorm    when training:0 is true" in text
    assert "inference  bn/cond/FusedBatchNorm_1  when training:0 is false" in text
    assert "\x1b" not in text


def test_the_wiring_of_one_layer(capsys: pytest.CaptureFixture[str]) -> None:
    text = graph(capsys, "layers_fused_14.pb", "--layer", "bn/cond/Merge:0")
    assert "Switch on bn/cond/pred_id:0" in text
    assert "true (output :1 of its Switches) serves training: bn/cond/FusedBatchNorm (FusedBatchNorm)" in text
    assert "with the stored moving statistics: bn/moving_mean and bn/moving_variance" in text
    assert "1.0 becomes 0.9995004" in text


def test_an_epsilon_that_the_wrapper_raised_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(graph(capsys, "epsilon_zero_115.pb", "--layer", "bn").split())
    assert "epsilon 1.001e-05 1.0 becomes 0.999995" in text
    assert "the Python wrapper of TensorFlow 1.x" in text


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    told = document(capsys, "layers_fused_14.pb")
    assert told["model"]["format"] == "graphdef"
    [layer] = told["layers"]
    assert layer["name"] == "bn"
    assert layer["switch"]["source"] == "training:0"
    assert layer["training"] == {"node": "bn/cond/FusedBatchNorm", "branch": True}
    assert layer["inference"] == {"node": "bn/cond/FusedBatchNorm_1", "branch": False}
    assert layer["epsilon"] == 0.001


def test_json_of_chosen_layers(capsys: pytest.CaptureFixture[str]) -> None:
    told = document(capsys, "net_mixed.pb", "--layer", "bn[24]")
    assert [layer["name"] for layer in told["layers"]] == ["bn2", "bn4"]
    assert told["switches"][0]["layers"] == 4


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.TextIOWrapper(io.BytesIO((FIXTURES / "layers_fused_14.pb").read_bytes()))
    monkeypatch.setattr("sys.stdin", content)
    assert run(["graph", "-"]) == 0
    assert capsys.readouterr().out.startswith("standard input\n")


def test_a_layer_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(FIXTURES / "net_mixed.pb"), "--layer", "bnn1"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "bninspect: --layer bnn1 matches none of the 4 layers; the closest: bn1, bn4, bn3\n"


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.pb")), ids=lambda path: path.name)
@pytest.mark.parametrize("columns", ["80", "100"])
def test_every_fixture_is_drawn_within_the_width(
    path: Path, columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for arguments in ([], ["--layer", "*"]):
        code = run(["graph", str(path), *arguments])
        shown = capsys.readouterr()
        assert code == 0 or "there is no batch-norm layer" in shown.err
        assert max(map(len, shown.out.split("\n"))) <= int(columns)
        assert "…" not in shown.out
