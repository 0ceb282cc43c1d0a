"""A remedy is a command that works on the very model: what is offered is run, and nothing else is offered."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.cli import run
from bninspect.models.restore import load
from bninspect.rules import Case, judge
from bninspect.rules.remedies import layers_in_loops, obstacle, refresh_command, strip_command
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.batchnorm import Report
    from bninspect.rules import Finding

CASES = FIXTURES / "cases"
MODELS = sorted(path for folder in (FIXTURES, CASES) for path in folder.glob("*.pb"))
MODELS += [CASES / "assigned_statistics", CASES / "averaged_statistics"]


def _report(name: str) -> Report:
    return inspect(load(str(FIXTURES / name)))


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.name)
def test_every_strip_that_is_offered_writes_a_model(model: Path, tmp_path: Path) -> None:
    report = inspect(load(str(model)))
    offered = {finding.remedy for deploy in (False, True) for finding in _findings(report, deploy)}
    for remedy in offered:
        if remedy is not None and remedy.startswith("bninspect strip MODEL"):
            words = shlex.split(remedy.replace("MODEL", str(model)).replace("OUT", str(tmp_path / "out.pb")))
            assert run([*words[1:], "--no-verify"]) == 0


def _findings(report: Report, deploy: bool) -> list[Finding]:
    return list(judge(Case(report=report, deploy=deploy)).findings)


@pytest.mark.tensorflow
def test_the_refresh_that_is_offered_writes_a_model(tmp_path: Path) -> None:
    model = CASES / "training_on_purpose.pb"
    remedy = refresh_command(_report("cases/training_on_purpose.pb"))
    assert remedy == "bninspect refresh MODEL -o OUT --image DIR --strip"
    target = tmp_path / "out.pb"
    words = (
        remedy.replace("MODEL", str(model)).replace("OUT", str(target)).replace("--image DIR", "--random 8")
    )
    assert run(words.split()[1:]) == 0
    assert {layer.mode for layer in inspect(load(str(target))).layers} == {Mode.INFERENCE}


def test_what_the_model_has_to_be_fed_is_named() -> None:
    report = _report("cases/assign_beside_training.pb")
    assert strip_command(report) is None
    assert refresh_command(report) == (
        "bninspect refresh MODEL -o OUT --feed z=@z.npy --feed labels=@labels.npy --strip"
    )


def test_nothing_is_offered_for_what_could_not_be_decided() -> None:
    report = _report("cases/always_blend_div.pb")
    assert "could not be decided" in (obstacle(report) or "")
    assert strip_command(report) is strip_command(report, Mode.TRAINING) is refresh_command(report) is None


def test_outputs_that_the_file_does_not_tell_are_named() -> None:
    report = _report("net_mixed.pb")
    command = strip_command(report)
    assert command is not None
    assert ("--output" in command) == (len(report.outputs) > 1)


def test_refresh_is_not_advised_for_layers_in_a_loop() -> None:
    report = _report("cases/rnn_training.pb")
    assert layers_in_loops(report)
    assert refresh_command(report) is None
    assert not layers_in_loops(_report("classic.pb"))
