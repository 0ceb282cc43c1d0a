"""BN115 converter-changes-mode."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bninspect import cli
from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.rules import Case, Finding, judge, select
from tests.support.places import FIXTURES


def findings(fixture: str, *converters: str, deploy: bool = False) -> list[Finding]:
    case = Case(report=inspect(load(str(FIXTURES / fixture))), converters=converters, deploy=deploy)
    return list(judge(case, select(("BN115",))).findings)


def test_catches_a_default_that_openvino_serves() -> None:
    (finding,) = findings("default_true.pb", "openvino")
    assert (finding.severity.value, finding.layer, finding.node) == ("warning", "bn", "bn/cond/Merge")
    assert finding.evidence == (
        "OpenVINO 2026.4.1 serves it in training mode: the default is true, and the converted model no "
        "longer takes it as an input; no message"
    )
    assert finding.remedy is not None
    assert finding.remedy.startswith("bninspect strip ")


def test_catches_is_training_that_core_ml_does_not_read() -> None:
    (finding,) = findings("fixed_training_fused_2.pb", "coreml")
    assert "Core ML (coremltools 9.0) serves it in inference mode" in finding.evidence


def test_every_converter_has_its_own_reason() -> None:
    (finding,) = findings("fixed_training_fused_2.pb", "openvino", "coreml", "tflite")
    assert finding.evidence == (
        "OpenVINO 2026.4.1, TFLite (TensorFlow 2.21) serve it in training mode: training mode is kept; "
        "Core ML (coremltools 9.0) serves it in inference mode: it does not read is_training, and takes the "
        "stored statistics; no message"
    )


def test_is_an_error_before_it_ships() -> None:
    (finding,) = findings("default_true.pb", "openvino", deploy=True)
    assert finding.severity.value == "error"


@pytest.mark.parametrize(
    ("fixture", "converter"),
    [
        ("default_false.pb", "openvino"),
        ("default_true.pb", "coreml"),  # refuses it
        ("classic.pb", "tflite"),  # asks, as the file
        ("fixed_training_fused_2.pb", "tensorrt"),  # reported, never seen
    ],
)
def test_does_not_catch(fixture: str, converter: str) -> None:
    assert findings(fixture, converter) == []


def test_says_nothing_if_no_converter_is_named() -> None:
    assert findings("default_true.pb") == []


def test_the_configuration_names_converters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    configuration = tmp_path / "bninspect.toml"
    configuration.write_text('converters = ["openvino"]\n', encoding="utf-8")
    arguments = ["check", str(FIXTURES / "default_true.pb"), "--select", "BN115", "--format"]
    assert cli.run([*arguments, "json"]) == 0
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["code"] == "BN115"
    for form in ("text", "concise", "sarif", "junit", "github", "markdown"):
        assert cli.run([*arguments, form]) == 0
        assert "BN115" in capsys.readouterr().out
    configuration.write_text('converters = ["openvinno"]\n', encoding="utf-8")
    assert cli.run([*arguments, "json"]) == 2
    assert "openvino, coreml, tflite" in capsys.readouterr().err
