"""`bninspect forecast`: the two silent changes of mode are told before anything is converted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bninspect import cli
from tests.support.catching import fused
from tests.support.parts import STORED, UNDECIDED
from tests.support.places import FIXTURES
from tests.support.text import graphdef


def forecast(capsys: pytest.CaptureFixture[str], fixture: str, *options: str) -> dict[str, Any]:
    """Name of each tested converter -> its entry; and the whole document under ``."""
    assert cli.run(["forecast", str(FIXTURES / fixture), "--format", "json", *options]) == 0
    document = json.loads(capsys.readouterr().out)
    tested = {one["name"]: one for one in document["converters"] if one["tested"]}
    return {"": document, **tested}


def test_a_default_of_true_is_served_by_openvino(capsys: pytest.CaptureFixture[str]) -> None:
    found = forecast(capsys, "default_true.pb")
    assert found["openvino"]["serves"] == "training"
    assert found["openvino"]["changes_mode"]
    assert found["openvino"]["groups"][0]["nodes"] == ["training", "bn/cond/Merge"]
    assert found["coreml"]["serves"] == "refuses"
    assert found[""]["fix"].startswith("bninspect strip ")


def test_is_training_is_not_read_by_core_ml(capsys: pytest.CaptureFixture[str]) -> None:
    found = forecast(capsys, "fixed_training_fused_2.pb")
    assert found["coreml"]["serves"] == "inference"
    assert found["coreml"]["changes_mode"]
    assert found["openvino"]["serves"] == "training"


def test_after_strip_every_converter_serves_inference(capsys: pytest.CaptureFixture[str]) -> None:
    found = forecast(capsys, "classic.pb")
    assert found["tflite"]["serves"] == "asks"
    after = {one["serves"] for one in found[""]["stripped"] if one["tested"]}
    assert after == {"inference"}


def test_a_fix_that_changes_no_verdict_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """What OpenVINO, Core ML, tf2onnx and OpenCV refuse in it is left by strip."""
    found = forecast(capsys, "global_stored.pb")
    assert found["openvino"]["serves"] == "refuses"
    assert found[""]["fix"] is None
    assert found[""]["stripped"] == []


def test_a_place_that_could_not_be_decided_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """No converter was seen to do anything with it: the verdict is about the layers alone."""
    model = str(tmp_path / "model.pb")
    text = STORED + UNDECIDED + fused() + "top = Add(y, undecided)\n"
    Path(model).write_bytes(graphdef(text).SerializeToString())
    assert cli.run(["forecast", model]) == 0
    verdict, *rest = capsys.readouterr().out.splitlines()
    assert verdict.endswith("serve inference; 1 place could not be decided")
    assert any(line.startswith("could not be decided: undecided: the statistics mix") for line in rest)
    assert cli.run(["forecast", model, "--format", "markdown"]) == 0
    assert "could not be decided: undecided: " in capsys.readouterr().out
    (place,) = forecast(capsys, model)[""]["unrecognised"]
    assert (place["node"], place["fix"]) == ("undecided", None)


def test_weights_that_are_missing_come_before_strip(capsys: pytest.CaptureFixture[str]) -> None:
    """A model that asks at run time asks with its weights, too: nothing is promised of it then."""
    found = forecast(capsys, "train.meta")
    assert found["tflite"]["serves"] == "asks"
    assert "train.index" in found[""]["fix"]
    assert found[""]["stripped"] == []


def test_only_the_converters_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    found = forecast(capsys, "classic.pb", "--for", "coreml,opencv")
    assert found.keys() == {"", "coreml", "opencv"}


def test_what_was_never_run_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["forecast", str(FIXTURES / "const_true.pb"), "--for", "tensorrt"]) == 0
    told = capsys.readouterr().out
    assert "reported" in told
    assert "no run of these converters is known" in told.splitlines()[0]


def test_what_was_not_tried_has_the_name_of_its_makers(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["forecast", str(FIXTURES / "const_true.pb"), "--for", "tensorrt", "--try"]) == 0
    assert "  TensorRT was not tried: it cannot be run here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["classic.pb", "--for", "openvinno"], "did you mean openvino?"),
        (["l2_normalize.pb"], "no batch norm"),
        (["classic.pb", "--for", ""], "--for names no converter: give one or several of openvino, coreml,"),
        (["classic.pb", "--for", " ,"], "--for names no converter"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model, *options = arguments
    assert cli.run(["forecast", str(FIXTURES / model), *options]) == 2
    assert said in capsys.readouterr().err


def test_a_name_that_is_markup_is_none_in_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["forecast", str(FIXTURES / "mixed_modes.pb"), "--format", "markdown"]) == 0
    told = capsys.readouterr().out
    assert "| bn\\* 2x | inference |" in told
    assert told.endswith("```\n")


@pytest.mark.parametrize(("option", "value"), [("--feed", "image=1"), ("--allow-op", "Print")])
def test_what_a_run_takes_is_refused_without_one(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["forecast", str(FIXTURES / "classic.pb"), option, value]) == 2
    assert capsys.readouterr().err == f"bninspect: {option} is for --try: without it nothing is run\n"


def test_tensorrt_takes_no_statistics_where_none_are(capsys: pytest.CaptureFixture[str]) -> None:
    document = forecast(capsys, "fixed_training_fused_115.pb", "--for", "tensorrt")[""]
    assert [one["serves"] for one in document["converters"]] == ["refuses", "unknown"]
