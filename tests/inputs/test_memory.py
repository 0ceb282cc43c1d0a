"""What a file claims about the size of its input is refused before anything is allocated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.cli import run
from bninspect.inputs import memory
from bninspect.inputs.memory import TooLargeError, refuse_large
from bninspect.inputs.pictures import RandomImages
from bninspect.inputs.preprocess import Recipe
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

HUGE = str(FIXTURES / "cases" / "huge_placeholder.pb")


def test_the_share_is_that_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory", lambda: 8 * 1024)
    refuse_large("x:0", (2, 64))  # 1,024 bytes as it is drawn
    with pytest.raises(TooLargeError, match=r"x:0 of shape \[2, 65\] takes .* more than 1/8"):
        refuse_large("x:0", (2, 65))


def test_a_system_that_does_not_tell_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory", lambda: None)
    refuse_large("x:0", (1 << 40,))


@pytest.mark.tensorflow
def test_a_huge_input_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "memory", lambda: 64 << 30)
    target = tmp_path / "out.pb"
    assert run(["strip", HUGE, "-o", str(target)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert "80.5 GiB, more than 1/8 of this machine's memory (64.0 GiB)" in told.err
    assert not target.exists()


@pytest.mark.parametrize(("side", "count", "words"), [(60000, 1, "a random image"), (6000, 99, "a batch of")])
def test_random_images_of_a_huge_size_are_refused(
    monkeypatch: pytest.MonkeyPatch, side: int, count: int, words: str
) -> None:
    """A single one before anything runs."""
    monkeypatch.setattr(memory, "memory", lambda: 64 << 30)
    recipe = Recipe(size=(side, side), channels=3, layout="NHWC", dtype=np.dtype(np.float32))
    with pytest.raises(TooLargeError, match=words):
        RandomImages(count, 0, recipe).batch(0, count)


def test_without_a_run_it_is_stripped(tmp_path: Path) -> None:
    assert run(["strip", HUGE, "-o", str(tmp_path / "out.pb"), "--no-verify"]) == 0
