"""What the tests of `bninspect strip` share: the model, and how a refusal looks."""

from __future__ import annotations

from tests.support.places import FIXTURES

CLASSIC = str(FIXTURES / "classic.pb")
Run = tuple[int, str, str]
"""Exit code, standard output, standard error."""


def refused(ended: Run, words: str) -> None:
    """Exit code 2, one line, these words in it."""
    code, out, err = ended
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert words in err
