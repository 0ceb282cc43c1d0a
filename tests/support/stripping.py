"""What the tests of `bninspect strip` share: the model, the verb, and how a refusal looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bninspect.commands.strip import stripping
from bninspect.commands.strip.stripping import StripOptions, StripResult
from bninspect.inputs.request import Request
from tests.support.places import FIXTURES

CLASSIC = str(FIXTURES / "classic.pb")
Run = tuple[int, str, str]
"""Exit code, standard output, standard error."""


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
