"""A model that cannot be run keeps what its file shows, and makes the exit code 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bninspect.cli import run
from tests.support.places import FIXTURES

MODEL = str(FIXTURES / "fixed_training_fused_2.pb")


def test_the_findings_of_the_file_stand_beside_the_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="runs the model")
    missing = str(tmp_path / "none.jpg")
    assert run(["check", MODEL, "--image", missing, "--format", "json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert [finding["code"] for finding in document["findings"]] == ["BN101"]
    (model,) = document["models"]
    assert "none.jpg" in model["error"]
    reasons = {skip["code"]: skip["reason"] for skip in document["skipped"]}
    assert reasons["BN403"].startswith("the model could not be run: ")
    assert run(["check", MODEL, "--image", missing]) == 2
    # where a line breaks depends on the length of the path
    shown = " ".join(capsys.readouterr().out.split())
    assert "not judged: image " in shown
    assert "BN101 training-mode-baked-in" in shown
