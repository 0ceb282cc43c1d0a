"""`bninspect MODEL [IMAGE ...]`: a model's name where a command's could stand."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bninspect.cli import run
from tests.support.places import FIXTURES
from tests.support.text import graphdef

CLASSIC = str(FIXTURES / "classic.pb")
PHOTO = str(FIXTURES / "image.jpg")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert run(list(arguments)) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out.splitlines()


def test_the_verdict_the_findings_and_what_to_type_next(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, str(FIXTURES / "const_true.pb"))
    assert "const_true.pb: 1 batch norm runs in TRAINING mode, whatever is fed" in lines[0]
    assert any("BN101" in line for line in lines)
    (following,) = [line for line in lines if line.startswith("next: ")]
    assert following.startswith("next: bninspect strip ")
    assert lines[-1] == "staleness not measured: give images, or --image DIR"


def test_what_measures_it_is_next_where_no_error_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(FIXTURES / "net_mixed.pb")
    lines = shown(capsys, path)
    assert f"next: bninspect probe {path} --image DIR" in lines


def test_a_model_without_its_weights_is_not_to_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """`probe` would refuse it."""
    lines = shown(capsys, str(FIXTURES / "cases" / "unfrozen.pb"))
    assert any("BN113" in line for line in lines)
    assert not any(line.startswith("next:") for line in lines)
    assert lines[-1] == "staleness not measured: weights missing"


REFUSED = """\
x = Placeholder(dtype=float, shape=[-1, 2, 2, 1])
made = PyFunc(x, token="t")
one = Const([1.0])
half = Const([0.5])
bn = FusedBatchNormV3(made, one, half, half, half, is_training=false, epsilon=0.001, T=float, U=float)
"""


def test_what_would_not_be_run_is_not_proposed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`probe` refuses an op that is not known only to compute."""
    model = tmp_path / "python.pb"
    model.write_bytes(graphdef(REFUSED).SerializeToString())
    lines = shown(capsys, str(model))
    assert not any(line.startswith("next:") for line in lines)
    assert "not run: op PyFunc is not on the allow-list (--allow-op)" in lines
    lines = shown(capsys, str(model), "--allow-op", "PyFunc")
    assert f"next: bninspect probe {model} --image DIR --allow-op PyFunc" in lines


def test_a_model_without_images_is_asked_for_what_it_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(FIXTURES / "dense.pb")
    lines = shown(capsys, path)
    given = lines[-1].removeprefix("staleness not measured: give ")
    assert given.startswith("--feed ")
    assert given.endswith(".npy")
    assert run(["check", path]) in (0, 1)
    assert capsys.readouterr().out.splitlines()[-1].endswith(f"; staleness not measured: give {given}")


def test_what_is_fed_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    """A feed alone, too: what was typed is not left out without a word."""
    assert run([str(FIXTURES / "dense.pb"), "--feed", "nowhere=1"]) == 2
    assert capsys.readouterr().err == "bninspect: no node is named 'nowhere'\n"


def test_images_are_of_one_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("classic.pb", "net_mixed.pb"):
        (tmp_path / name).write_bytes((FIXTURES / name).read_bytes())
    assert run([str(tmp_path), PHOTO]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"bninspect: {tmp_path} holds 2 models; `bninspect check` runs several")


def test_a_model_without_batch_norm(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, str(FIXTURES / "cases" / "no_batch_norm"))
    assert ": no batch norm; " in lines[0]
    assert not any(line.startswith("next:") for line in lines)


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path(CLASSIC).read_bytes())))
    assert shown(capsys, "-")[0].startswith("standard input: 1 batch norm, switched by training:0")


def test_a_folder_of_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be called like a command, and then the command wins unless its path is given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rule").mkdir()
    for name in ("classic.pb", "net_mixed.pb"):
        (tmp_path / "rule" / name).write_bytes((FIXTURES / name).read_bytes())
    lines = shown(capsys, "./rule")
    assert lines[0] == "2 models: 2 switched"
    assert lines[-1] == "next: bninspect check ./rule"
    assert shown(capsys, "rule")[0].startswith("BN101")


def test_an_existing_path_is_a_model_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grahp").write_bytes(Path(CLASSIC).read_bytes())
    assert shown(capsys, "grahp")[0].startswith("grahp: 1 batch norm")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("grahp", "no command 'grahp'; did you mean graph? (see bninspect --help)"),
        ("there.pb", "there.pb: No such file or directory"),
        ("no/where", "no/where: No such file or directory"),
    ],
)
def test_a_word_that_is_neither(word: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([word]) == 2
    assert capsys.readouterr().err == f"bninspect: {message}\n"


def test_its_help_follows_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([CLASSIC, "--help"]) == 0
    assert "[IMAGE]..." in capsys.readouterr().out


def test_defaults_come_from_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bninspect.toml").write_text("[[models]]\npath = 'm.pb'\noutput = 'nowhere'\n")
    (tmp_path / "m.pb").write_bytes(Path(CLASSIC).read_bytes())
    assert run(["m.pb"]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.tensorflow
def test_with_images_both_modes_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    assert run([CLASSIC, PHOTO]) == 0
    lines = capsys.readouterr().out.splitlines()
    first = [number for number, line in enumerate(lines) if line.startswith(f"{CLASSIC}: ")]
    assert first[0] == 0
    assert len(first) >= 2
    assert any("differs by 165x" in line for line in lines)
    assert not any(line.startswith("next: ") for line in lines)
