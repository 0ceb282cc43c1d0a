"""Which command is offered as a fix, and that none is where it would refuse (`tests/fixes` runs them)."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Mode, Report, inspect
from bninspect.converters.forecast import forecast
from bninspect.inputs.request import Request
from bninspect.models.restore import load
from bninspect.rewrite.strip import Stripped, strip
from bninspect.rules import Case, remedies
from bninspect.rules.conversion import for_converters
from bninspect.rules.remedies import data, layers_in_loops, obstacle, refresh_command, strip_command
from tests.support.places import FIXTURES


def _case(name: str, request: Request | None = None, outputs: tuple[str, ...] = ()) -> Case:
    return Case(report=inspect(load(str(FIXTURES / name)), outputs=outputs), request=request)


def test_what_the_model_has_to_be_fed_is_named() -> None:
    case = _case("cases/assign_beside_training.pb")
    model = FIXTURES / "cases" / "assign_beside_training"
    assert strip_command(case) is None
    assert refresh_command(case) == (
        f"bninspect refresh {model}.pb --feed z=@z.npy --feed labels=@labels.npy --strip "
        f"-o {model}.serving.pb"
    )


def test_nothing_is_offered_for_what_could_not_be_decided() -> None:
    case = _case("cases/always_blend_div.pb")
    assert "could not be decided" in (obstacle(case.report) or "")
    assert strip_command(case) is strip_command(case, Mode.TRAINING) is refresh_command(case) is None


def test_outputs_that_the_file_does_not_tell_are_named() -> None:
    case = _case("net_mixed.pb")
    command = strip_command(case)
    assert command is not None
    assert ("--output" in command) == (len(case.report.outputs) > 1)


def test_outputs_that_were_chosen_are_named_again() -> None:
    case = _case("classic_net.pb", outputs=("bn/cond/Merge",))
    assert "--output bn/cond/Merge " in (strip_command(case) or "")
    assert "--output bn/cond/Merge " in (refresh_command(case) or "")


def test_refresh_is_not_advised_for_layers_in_a_loop() -> None:
    case = _case("cases/rnn_training.pb")
    assert layers_in_loops(case.report)
    assert refresh_command(case) is None
    assert not layers_in_loops(_case("classic.pb").report)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (None, " --image DIR"),
        (Request(random=4), " --image DIR"),
        (Request(images=("a b.jpg",), preprocess="tf"), " --image 'a b.jpg' --preprocess tf"),
        (Request(images=("p/",), size=(8, 9), resize="pad"), " --image p/ --size 8x9 --resize pad"),
        (Request(images=tuple(f"{number}.png" for number in range(9))), " --image DIR"),
        (Request(images=("p",), feeds=("k=@k.npy",)), " --image p --feed k=@k.npy"),
    ],
)
def test_a_model_that_was_run_is_run_with_the_same(request_: Request | None, words: str) -> None:
    assert data(_case("classic_net.pb", request_)) == words


def test_strip_is_tried_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    case = _case("net_mixed.pb")
    tried: list[Mode] = []

    def counted(report: Report, mode: Mode) -> Stripped:
        tried.append(mode)
        return strip(report, mode)

    monkeypatch.setattr(remedies, "strip", counted)
    assert for_converters(case.report, forecast(case.report))[1]
    assert obstacle(case.report) is None
    assert strip_command(case) is not None
    assert tried == [Mode.INFERENCE]
