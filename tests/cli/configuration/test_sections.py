"""The settings of one model in the configuration: for every command, by any of its names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bninspect.cli import run
from tests.support.places import FIXTURES

ERROR, WARNING = "const_true.pb", "slim_resnet.pb"


@pytest.fixture(autouse=True)
def _in_a_folder_of_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    for name in (ERROR, WARNING):
        shutil.copy(FIXTURES / name, tmp_path / "models" / name)
    monkeypatch.chdir(tmp_path)


def configure(text: str) -> None:
    Path("bninspect.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("pattern", ["saved/saved_model.pb", "saved", "*/*.pb"])
@pytest.mark.parametrize("named", ["saved/saved_model.pb", "saved", "."])
def test_a_section_is_about_a_savedmodel_by_its_folder_and_by_its_file(
    capsys: pytest.CaptureFixture[str], pattern: str, named: str
) -> None:
    shutil.copytree(FIXTURES / "saved_training", "saved")
    configure(f"select = 'BN108'\n[[models]]\npath = '{pattern}'\nallow = [{{code = 'BN108', reason = 'r'}}]")
    assert run(["check", named, "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["allowed"]) == 1


@pytest.mark.parametrize("command", ["graph", "strip"])
def test_settings_of_a_model_are_for_every_command(
    capsys: pytest.CaptureFixture[str], command: str, tmp_path: Path
) -> None:
    configure(f"[[models]]\npath = 'models/{WARNING}'\noutput = 'unit/conv1/BatchNorm/cond/Merge'")
    given = {"graph": [], "strip": ["-o", str(tmp_path / "out.pb"), "--no-verify"]}[command]
    assert run([command, f"models/{WARNING}", *given]) == 0
    assert {"graph": "2 batch norms", "strip": "output: unit/conv1/BatchNorm/cond/Merge:0"}[
        command
    ] in capsys.readouterr().out
    assert run([command, f"models/{WARNING}", *given, "--output", "output"]) == 0
    assert {"graph": "3 batch norms", "strip": "output: output:0"}[command] in capsys.readouterr().out
    assert run([command, f"models/{ERROR}", *given]) == 0


def test_a_setting_of_a_model_that_does_not_do_names_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    configure(f"[[models]]\npath = 'models/{WARNING}'\nsize = 'x'")
    assert run(["probe", f"models/{WARNING}", "--random", "1"]) == 2
    assert "bninspect.toml: size = 'x': " in capsys.readouterr().err


def test_a_number_to_feed_is_no_order_to_run_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    configure(f"[[models]]\npath = 'models/{WARNING}'\nfeed = 'keep_prob=1.0'")
    assert run(["check", f"models/{WARNING}", "--format", "json"]) == 0
    skipped = {skip["code"]: skip["reason"] for skip in json.loads(capsys.readouterr().out)["skipped"]}
    assert skipped["BN403"] == "no probe images given"


@pytest.mark.tensorflow
def test_probe_runs_a_model_as_its_section_says(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="a model is run")
    shutil.copy(FIXTURES / "classic.pb", "models")
    shutil.copy(FIXTURES / "image.jpg", "photo.jpg")
    configure(
        "model = 'models/classic.pb'\n"
        "[[models]]\npath = 'models/*.pb'\nimage = 'photo.jpg'\npreprocess = 'unit'"
    )
    sources = []
    for given in ([], ["models/classic.pb", "--preprocess", "raw"], ["--random", "2"]):
        assert run(["probe", *given, "--format", "json"]) == 0
        [fed] = [one for one in json.loads(capsys.readouterr().out)["inputs"] if one["source"]]
        sources.append((Path(fed["source"][0]).name, fed["preprocess"]))
    assert sources[:2] == [("photo.jpg", "unit"), ("photo.jpg", "raw")]
    assert sources[2][0].startswith("random, seed")
