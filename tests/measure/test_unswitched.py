"""Undecided normalizations of a program: which of them run, and which read what decides. No model is run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.layer import Unrecognised
from bninspect.errors import Absent
from bninspect.measure.both_modes import both_modes
from bninspect.measure.facts import Verification
from bninspect.measure.left_out import qualified, undecided
from tests.measure.test_undecided import _model
from tests.support.text import graph

if TYPE_CHECKING:
    from bninspect.batchnorm import Report

REPORT = inspect(graph(_model("both") + "\nalone = Relu(image, T=float)\n"), outputs=("logits",))
PROGRAM = both_modes(REPORT, lambda mode, _: mode, REPORT.outputs)
VERIFIED = Verification(state="verified", max_abs=0.25)
_ODD = "{} may be a batch norm that p:0 switches, and could not be decided: "
_ONE = _ODD + "it was left in inference mode in both"
_MORE = _ODD + "they were left in inference mode in both"


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        ((), None),
        (("image",), None),
        (("relu",), None),
        (("two/mean",), None),
        (("alone",), None),
        (("two/out",), _ONE.format("two/out")),
        (("two/out", "two/mean"), _ONE.format("two/out")),
        (("two/out", "two/chosen_mean"), _MORE.format("two/chosen_mean, two/out")),
    ],
    ids=[
        "nothing", "an input", "behind a layer that is switched", "before a choice", "not run",
        "behind what decides", "one of two", "both of two",
    ],
)  # fmt: skip
def test_what_reads_what_decides_forbids_a_verdict(places: tuple[str, ...], reason: str | None) -> None:
    found = qualified(VERIFIED, _with(*places), PROGRAM)
    assert found == (VERIFIED if reason is None else replace(VERIFIED, state="impossible", reason=reason))


@pytest.mark.parametrize("state", ["differs", "impossible"])
def test_what_was_not_verified_keeps_its_reason(state: Literal["differs", "impossible"]) -> None:
    other = Verification(state=state, reason="of its own")
    assert qualified(other, _with("two/out"), PROGRAM) is other


def test_places_that_run_are_named_with_their_reason() -> None:
    found = undecided(_with("two/out", "alone", "relu"), PROGRAM)
    said = "it may be a batch norm, and was neither switched nor measured: odd"
    assert found == (Absent(what="two/out", reason=said), Absent(what="relu", reason=said))


def _with(*places: str) -> Report:
    return replace(REPORT, unrecognised=tuple(Unrecognised(node=name, reason="odd") for name in places))
