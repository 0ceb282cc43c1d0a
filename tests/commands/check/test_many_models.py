"""Many models: the same outcome in any number of processes, and one that fails stops no other."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.commands.check import many_models, one_model
from bninspect.commands.check.many_models import check_all
from bninspect.commands.check.one_model import Settings
from bninspect.commands.check.result import CheckResult
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from bninspect.commands.check.result import ModelResult

NAMES = (
    "classic.pb",
    "image.jpg",
    "const_true.pb",
    "absent.pb",
    "slim_resnet.pb",
    "train_unwired.meta",
    "text.pbtxt",
)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are started whatever the work."""
    monkeypatch.setattr(many_models, "WORTH_IT", 0.0)


def work() -> list[Settings]:
    return [Settings(path=str(FIXTURES / name)) for name in NAMES]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("jobs", [2, 3])
def test_the_results_are_those_of_one_process(jobs: int) -> None:
    told: list[str] = []

    def done(result: ModelResult) -> None:
        told.append(Path(result.path).name)

    several = check_all(work(), jobs, done)
    assert several == check_all(work(), 1)
    assert tuple(told) == NAMES


def test_one_that_cannot_be_read_stops_no_other() -> None:
    results = dict(zip(NAMES, check_all(work()), strict=True))
    assert "a JPEG image" in (results["image.jpg"].error or "")
    assert "No such file" in (results["absent.pb"].error or "")
    assert [name for name in NAMES if results[name].error is None] == [
        "classic.pb", "const_true.pb", "slim_resnet.pb", "train_unwired.meta", "text.pbtxt",
    ]  # fmt: skip


def _faulty(settings: Settings) -> Any:
    """A bug of ours that one model meets."""
    if Path(settings.path).name == NAMES[2]:
        raise TypeError("unhashable type: 'dict'\nin a rule")
    return one_model._checked(settings, None)


def test_a_bug_of_ours_is_an_error_of_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = check_all(work(), 1)
    checked = one_model._checked
    monkeypatch.setattr(
        one_model, "_checked", lambda one, graph: _faulty(one) if "const" in one.path else checked(one, graph)
    )
    results = check_all(work(), 1)
    path = work()[2].path
    assert results[2].error == f"{path}: a bug of ours: TypeError: unhashable type: 'dict' in a rule"
    assert "Traceback" in (results[2].bug or "")
    assert (*results[:2], *results[3:]) == (*alone[:2], *alone[3:])
    assert CheckResult(models=results).exit_code(exit_zero=True) == 3
    assert CheckResult(models=(results[0], results[1])).exit_code() == 2


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("maximum recursion depth exceeded")])
def test_a_limit_of_the_machine_is_an_error_of_its_model(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def load(path: str) -> None:
        raise error

    monkeypatch.setattr("bninspect.commands.check.one_model.load", load)
    [result] = check_all([Settings(path="m.pb")])
    assert (result.error or "").startswith("m.pb: ")


def test_a_failure_of_the_system_is_a_line_of_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("bninspect.commands.check.one_model.load", load)
    [result] = check_all([Settings(path="m.pb")])
    assert result.error == "m.pb: Permission denied"


def test_few_small_models_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_models, "_side_by_side", lambda *_: pytest.fail("a process was started"))
    assert len(check_all(work(), 8)) == len(NAMES)


def _deadly(settings: Settings) -> ModelResult:
    """What the kernel does to a process that takes too much memory, for one model."""
    if Path(settings.path).name == NAMES[1]:
        os._exit(9)
    return one_model.check(settings)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_process_that_is_ended_takes_one_model_with_it(monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    alone = check_all(work(), 1)
    monkeypatch.setattr(many_models, "check", _deadly)
    found = list(many_models._side_by_side(work(), jobs))
    assert not multiprocessing.active_children()
    assert [result.path for result in found] == [settings.path for settings in work()]
    assert "was ended (out of memory?)" in (found[1].error or "")
    assert [found[0], *found[2:]] == [alone[0], *alone[2:]]
