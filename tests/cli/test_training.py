"""Training graphs on the command line: what ends with which code, and what other programs read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bninspect.cli import run
from tests.support.places import FIXTURES

TRAINING = FIXTURES / "training"
LEARNS = ["gamma", "beta"]


def path(case: str) -> str:
    return str(TRAINING / case / "model.ckpt-20.meta")


@pytest.mark.parametrize(
    ("case", "options", "code"),
    [
        ("wired_14", [], 0),
        ("wired_115", [], 0),
        ("wired_115", ["--deploy"], 1),
        ("unwired_14", [], 1),
        ("unwired_115", ["--ignore", "BN301"], 0),
        ("untrainable_wired_14", [], 0),
        ("untrainable_wired_115", [], 1),
        ("ewma_called_115", [], 0),
        ("ewma_not_called_115", [], 1),
        ("not_saved_115", [], 1),
        ("slow_115", [], 0),
        ("slow_115", ["--fail-on", "warning"], 1),
        ("averages_115", ["--fail-on", "warning"], 0),
        ("averages_115", ["--fail-on", "note"], 1),
    ],
)
def test_exit_codes(case: str, options: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", path(case), *options]) == code
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("case", "mode", "updates", "trainable", "momentum"),
    [
        ("wired_14", "training", "run", LEARNS, 0.85),
        ("unwired_115", "training", "unused", LEARNS, 0.85),
        ("untrainable_wired_14", "training", "run", [], 0.85),
        ("untrainable_wired_115", "training", "unused", [], 0.85),
        ("inference_14", "inference", "none", LEARNS, None),
        ("inference_untrainable_115", "inference", "none", [], None),
        ("cond_ema_115", "switched", "run", LEARNS, 0.5),
        ("restored_averages_115", "inference", None, None, None),
    ],
)
def test_json(
    case: str,
    mode: str,
    updates: str | None,
    trainable: list[str] | None,
    momentum: float | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["graph", path(case), "--format", "json"]) == 0
    document: Any = json.loads(capsys.readouterr().out)
    (layer,) = document["layers"]
    assert (layer["mode"], layer["updates"], layer["trainable"]) == (mode, updates, trainable)
    assert layer["momentum"] == (None if momentum is None else pytest.approx(momentum))


def test_the_two_questions_are_two_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", path("untrainable_wired_115"), "--all"]) == 0
    text = capsys.readouterr().out
    assert "\nlayer  mode      normalizes with  updates    statistics\n" in text
    assert "\nbn     training  its batch        never run  initial\n" in text
    assert "bn: trainable=False, but training mode. TensorFlow 1.4 lists" in text


def test_what_was_not_judged_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", path("wired_115"), "--format", "json"])
    skipped = {one["code"]: one["reason"] for one in json.loads(capsys.readouterr().out)["skipped"]}
    assert skipped["BN101"] == skipped["BN102"]
    assert skipped["BN101"].startswith("a graph with a train op")
    run(["check", path("restored_averages_115"), "--format", "json"])
    skipped = {one["code"]: one["reason"] for one in json.loads(capsys.readouterr().out)["skipped"]}
    assert {skipped[f"BN30{index}"] for index in (1, 2, 4, 5, 6)} == {"no train op in the graph"}
