"""`bninspect probe` as a user runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.cli import run
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow

CLASSIC, IMAGE = str(FIXTURES / "classic.pb"), str(FIXTURES / "image.jpg")
PATCH = "0,22:28,22:28,0"


def test_the_classic_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["probe", CLASSIC, "--image", IMAGE, "--patch", PATCH]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert lines[:2] == [
        f"{CLASSIC}: the statistics of bn were never updated",
        "Between the two modes, output:0 differs by 165x its training-mode RMS.",
    ]
    assert "BN201 statistics-never-updated: The statistics of bn were never updated." in lines
    assert "mode: training:0 = true is training, false is inference" in lines
    head = lines.index(f"bn/cond/Merge:0[{PATCH}]")
    assert lines[head + 1].split() == ["training", "inference"]
    numbers = [[float(value) for value in line.split()] for line in lines[head + 2 : head + 8]]
    assert np.shape(numbers) == (6, 12)
    assert np.abs(np.array(numbers)[:, :6]).max() < 5
    assert np.array(numbers)[:, 6:].min() > 100


def test_one_above_the_other_where_both_do_not_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["probe", CLASSIC, "--image", IMAGE, "--patch", PATCH]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines if not line.startswith("  fix: ")) <= 80
    assert lines.index("inference") - lines.index("training") == 7


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["probe", CLASSIC, "--image", IMAGE, "--patch", PATCH, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == [
        "schema_version", "tool", "model", "inputs", "fed", "verification", "layers", "guilty", "outputs",
        "patches", "diagnosis", "skipped",
    ]  # fmt: skip
    assert document["inputs"] == [
        {
            "name": "image:0",
            "dtype": "float32",
            "shape": [1, 224, 224, 3],
            "source": [IMAGE],
            "preprocess": "raw",
        }
    ]
    assert document["verification"] == {"state": "verified", "max_abs": 0.0, "reason": None}
    assert document["guilty"] == ["bn"]
    (layer,) = document["layers"]
    assert (layer["name"], layer["values"], layer["images"]) == ("bn", 50176, 1)
    assert layer["own"] == layer["deployed"]
    assert set(layer["own"]) == {"score", "score_error", "verdict", "worst"}
    assert set(layer["own"]["worst"]) == {"channel", "d", "r", "w"}
    assert set(layer["difference"]) == {"max_abs", "rms", "relative_rms"}
    (patch,) = document["patches"]
    assert np.shape(patch["training"]) == np.shape(patch["inference"]) == (6, 6)
    (told,) = document["diagnosis"]
    assert list(told) == ["code", "layer", "message", "evidence", "command", "severity", "title", "fix"]
    assert (told["code"], told["layer"]) == ("BN201", "bn")
    assert told["evidence"].startswith("own score 165: what channel 2 normalizes has mean 140")
    assert f"bninspect refresh {CLASSIC} --image" in told["command"] == told["fix"]


def test_save_holds_the_outputs_of_both_modes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["probe", CLASSIC, "--random", "2", "--save", str(tmp_path / "out.npz")]) == 0
    capsys.readouterr()
    with np.load(tmp_path / "out.npz") as saved:
        measured = ("batch_mean", "batch_variance", "d", "r")
        names = {f"bn/{scope}{what}" for scope in ("", "own/", "deployed/") for what in measured}
        names |= {"bn/moving_mean", "bn/moving_variance", "inference/output:0", "training/output:0"}
        assert set(saved) == names
        assert saved["training/output:0"].shape == (2, 224, 224, 3)
    assert [file.name for file in tmp_path.iterdir()] == ["out.npz"]


def test_save_over_what_is_read_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The model, under another name too, and an array that is fed; nothing runs."""
    model, fed = tmp_path / "model.pb", tmp_path / "x.npy"
    model.write_bytes((FIXTURES / "classic.pb").read_bytes())
    np.save(fed, np.zeros(1))
    (tmp_path / "link").symlink_to(model)
    before = model.read_bytes(), fed.read_bytes()
    for target in (model, tmp_path / "link", fed):
        code = run(["probe", str(model), "--random", "1", "--feed", f"x=@{fed}", "--save", str(target)])
        assert code == 2
        assert "name another file" in capsys.readouterr().err
    assert (model.read_bytes(), fed.read_bytes()) == before


def test_patch_follows_output_and_layer(capsys: pytest.CaptureFixture[str]) -> None:
    model = str(FIXTURES / "classic_net.pb")
    for options, tensor in (
        (["--output", "logits"], "logits:0"),
        (["--layer", "bn"], "bn/cond/Merge:0"),
        ([], "bn/cond/Merge:0"),
    ):
        assert run(["probe", model, "--random", "1", "--patch", "0", "--format", "json", *options]) == 0
        assert [patch["tensor"] for patch in json.loads(capsys.readouterr().out)["patches"]] == [tensor]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.pb", "--random", "1"], "No such file"),
        ([CLASSIC], "no image for image:0"),
        ([CLASSIC, "--image", "none.jpg"], "none.jpg does not exist"),
        ([CLASSIC, "--image", CLASSIC], "is no JPEG"),
        ([CLASSIC, "--random", "1", "--size", "9"], "write height x width"),
        ([CLASSIC, "--random", "1", "--size", "9x9"], "does not fit image:0"),
        ([CLASSIC, "--random", "1", "--feed", "training=true"], "it decides the mode"),
        ([CLASSIC, "--random", "1", "--feed", "nothing=1"], "no node is named"),
        ([CLASSIC, "--random", "1", "--output", "nothing"], "no node is named"),
        ([CLASSIC, "--random", "1", "--layer", "nothing"], "--layer nothing"),
        ([CLASSIC, "--random", "1", "--patch", "0,0:500"], "bn/cond/Merge:0 has shape [1, 224, 224, 3]"),
        ([CLASSIC, "--random", "1", "--patch", "x"], "is no index"),
        ([CLASSIC, "--random", "1", "--image", IMAGE], "give one of the two"),
        ([CLASSIC, "--random", "1", "--save", "/none/out.npz"], "there is no folder"),
        ([str(FIXTURES / "siamese.pb"), "--random", "1", "--input", "left:0"], "--feed right=@"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["probe", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err


def test_without_a_model_the_only_one_here_or_the_named_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BNINSPECT_MODEL", raising=False)
    assert run(["probe", "--random", "1"]) == 2
    assert "none in the current folder" in capsys.readouterr().err
    (tmp_path / "a.pb").write_bytes((FIXTURES / "classic.pb").read_bytes())
    assert run(["probe", "--random", "1"]) == 0
    (tmp_path / "b.pb").write_bytes(b"")
    assert run(["probe", "--random", "1"]) == 2
    assert "holds 2: a.pb, b.pb; name one" in capsys.readouterr().err
    monkeypatch.setenv("BNINSPECT_MODEL", CLASSIC)
    assert run(["probe", "--random", "1"]) == 0
