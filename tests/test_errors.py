"""The errors that a user can cause: what another process raises is raised again here as it was."""

from __future__ import annotations

import pickle

import pytest

from bninspect import errors
from bninspect.errors import GraphDefError, damage_named

KINDS = (
    errors.BninspectError, errors.GraphDefError, errors.CutShortError, errors.RewriteError,
    errors.SelectionError, errors.InputError, errors.OptionError, errors.PackageError, errors.RunError,
    errors.InputSizeError,
)  # fmt: skip
MADE = [*(kind("what") for kind in KINDS), errors.InputSizeError("what", "--feed")]


@pytest.mark.parametrize("error", MADE, ids=lambda error: f"{type(error).__name__} {error}")
def test_an_error_of_another_process(error: errors.BninspectError) -> None:
    found = pickle.loads(pickle.dumps(error))
    assert (type(found), str(found), found.__dict__) == (type(error), str(error), error.__dict__)


def test_damage_is_said_of_its_file_once() -> None:
    for line in ("damaged: no number", "m.pb: damaged: no number"):
        with pytest.raises(GraphDefError, match=r"\Am\.pb: damaged: no number\Z"), damage_named("m.pb"):
            raise GraphDefError(line)
