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
    name = FIXTURES / "layers_fused_14.pb"
    assert text.startswith(
        f"{name}: 1 batch norm, switched by training:0 (placeholder, no default: must be fed)"
    )
    assert "  true   training   bn/cond/FusedBatchNorm    output 1 of the Switch\n" in text
    assert "  false  inference  bn/cond/FusedBatchNorm_1  output 0 of the Switch\n" in text
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
    assert capsys.readouterr().out.startswith("standard input: 1 batch norm")


def test_a_layer_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(FIXTURES / "net_mixed.pb"), "--layer", "bnn1"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "bninspect: --layer bnn1 matches none of the 4 layers; the closest: bn1, bn4, bn3\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three models, one of which is damaged."""
    for name in ("net_mixed.pb", "default_true.pb"):
        (tmp_path / name).write_bytes((FIXTURES / name).read_bytes())
    (tmp_path / "broken.pb").write_bytes(b"\xff" * 40)
    return tmp_path


def test_several_models_have_a_row_each_those_that_serve_training_first(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.pb").unlink()
    assert run(["graph", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2 models: 1 in TRAINING mode, 1 switched",
        f"  {folder}/default_true.pb: 1 batch norm, switched by training:0 (default true): TRAINING unless "
        "false is fed",
        f"  {folder}/net_mixed.pb: 4 batch norms, all switched by training:0 (placeholder, no default: must "
        "be fed)",
    ]


def test_one_bad_model_takes_no_other_with_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(folder)]) == 2
    shown = capsys.readouterr()
    assert shown.err == ""
    first, second, *_ = shown.out.splitlines()
    assert first == "3 models: 1 not read, 1 in TRAINING mode, 1 switched"
    assert second.startswith(f"  {folder}/broken.pb: ")


def test_json_of_several_models(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(folder / name) for name in ("net_mixed.pb", "broken.pb")]
    assert run(["graph", *paths, "--format", "json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"schema_version", "tool", "models"}
    good, bad = told["models"]
    assert [layer["name"] for layer in good["layers"]] == ["bn1", "bn2", "bn3", "bn4"]
    assert "schema_version" not in good
    assert set(bad) == {"model", "error"}
    assert bad["model"] == {"path": paths[1]}


def test_layers_are_drawn_of_one_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(folder), "--layer", "bn1"]) == 2
    assert "--layer draws the layers of one model, and there are 3" in capsys.readouterr().err


def test_more_models_than_a_screen_holds_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", str(FIXTURES)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 40
    assert lines[-1].endswith("more models: --all lists them")


def test_all_lists_every_layer(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [line.split() for line in graph(capsys, "net_mixed.pb", "--all").splitlines()]
    assert [row[0] for row in rows if row and row[-1] == "stored"] == ["bn1", "bn2", "bn3", "bn4"]


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.pb")), ids=lambda path: path.name)
@pytest.mark.parametrize("columns", ["80", "100"])
def test_every_fixture_is_drawn_within_the_width(
    path: Path, columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for arguments in ([], ["--all"], ["--layer", "*"]):
        code = run(["graph", str(path), *arguments])
        shown = capsys.readouterr()
        assert code == 0 or "there is no batch-norm layer" in shown.err
        assert max(map(len, shown.out.split("\n"))) <= int(columns)
        assert "…" not in shown.out
