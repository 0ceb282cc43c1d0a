"""What the tests of `bninspect strip` share: the model, the verb, and how a refusal looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bninspect.commands.strip import stripping
from bninspect.commands.strip.stripping import StripOptions, StripResult
from bninspect.inputs.request import Request
from bninspect.models.open import load
from bninspect.run.session import Session
from tests.support.places import FIXTURES

CLASSIC = str(FIXTURES / "classic.pb")
Run = tuple[int, str, str]
"""Exit code, standard output, standard error."""
TOLERANCE = 1e-6
"""Of the largest value: the same kernels run on the same numbers."""


def strip(
    model: str | Path, target: str | Path, *, request: Request | None = None, **options: Any
) -> StripResult:
    """What the command makes of these options."""
    return stripping.strip(model, target, StripOptions(**options), request)


def refused(ended: Run, words: str) -> None:
    """Exit code 2, one line, these words in it."""
    code, out, err = ended
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert words in err


def run_file(path: Path, fetch: str, **feeds: Any) -> Any:
    """What a written file gives for one tensor; in the names of feeds, `__` stands for a slash."""
    names = {name.replace("__", "/") + ":0": value for name, value in feeds.items()}
    with Session(path.read_bytes()) as session:
        return session.run([fetch], names)[0]


def same_numbers(first: Any, second: Any) -> None:
    """Fails where two outputs differ by more than rounding."""
    assert first.shape == second.shape
    assert np.abs(first - second).max() <= TOLERANCE * np.abs(second).max()


def placeholders_of(path: Path) -> set[str]:
    """The names of all that a file can be fed."""
    return {node.name for node in load(str(path)) if node.op.startswith("Placeholder")}
