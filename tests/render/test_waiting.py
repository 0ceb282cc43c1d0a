"""What a person sees who waits: steps and a bar where there is a terminal, nothing at all elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bninspect.render.waiting import Clock, waiting
from bninspect.steps import step


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> tuple[Console, io.StringIO]:
    """A terminal, and what it was sent."""
    monkeypatch.setenv("TERM", "xterm")
    file = io.StringIO()
    return Console(file=file, force_terminal=True, width=100), file


def test_a_terminal_sees_the_step_and_how_far_it_is(terminal: tuple[Console, io.StringIO]) -> None:
    console, file = terminal
    with waiting("running both modes", console=console) as tell:
        step("loading TensorFlow")
        step("reading images", 0, 32)
        tell(0, 64)
        tell(32, 64)
    said = file.getvalue()
    assert "loading TensorFlow" in said
    assert "reading images 1 of 32" in said
    assert "running both modes" in said
    assert " of 64 images" in said
    assert said.endswith("\x1b[2K")


def test_a_batch_that_is_read_beside_another_is_no_step(terminal: tuple[Console, io.StringIO]) -> None:
    console, file = terminal
    with waiting("running training mode", console=console) as tell:
        tell(32, 64)
        step("reading images", 3, 32)
    assert "reading images" not in file.getvalue()


def test_a_pipe_sees_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("running both modes") as tell:
        step("loading TensorFlow")
        tell(1, 2)
    assert capsys.readouterr() == ("", "")


def test_nobody_listens_afterwards(terminal: tuple[Console, io.StringIO]) -> None:
    console, file = terminal
    with waiting("running both modes", console=console):
        pass
    step("loading TensorFlow")
    assert file.getvalue() == ""


def test_a_batch_moves_by_the_time_of_the_one_before() -> None:
    now = [100.0]
    clock = Clock(lambda: now[0])
    clock.hear(0, 96)
    now[0] += 5
    assert (clock.done(), clock.left()) == (0, None)
    now[0] += 5
    clock.hear(32, 96)
    assert (clock.done(), clock.left()) == (32, 20)
    now[0] += 5
    assert (clock.done(), clock.left()) == (48, 15)
    now[0] += 95
    assert clock.done() == pytest.approx(32 + 0.95 * 32)


def test_models_are_counted_and_their_steps_are_not_shown(terminal: tuple[Console, io.StringIO]) -> None:
    console, file = terminal
    with waiting("checking", "models", console) as tell:
        tell(0, 3)
        step("loading TensorFlow")
        tell(1, 3)
    said = file.getvalue()
    assert "checking" in said
    assert "0 of 3 models" in said
    assert "loading TensorFlow" not in said


def test_one_model_has_steps_and_no_bar(terminal: tuple[Console, io.StringIO]) -> None:
    console, file = terminal
    with waiting("checking", "models", console) as tell:
        tell(0, 1)
        assert file.getvalue() == ""
        step("loading TensorFlow")
    assert "loading TensorFlow" in file.getvalue()
