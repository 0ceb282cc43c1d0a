"""Asserts about what decides: true in a copy whose layers take the branch that nobody chose."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.rewrite.asserted import without_asserts_of
from tests.support.listing import listed
from tests.support.places import FIXTURES
from tests.support.text import graph

LINES = """
training = Placeholder(dtype=bool)
other = Placeholder(dtype=bool)
both = Unpack(training)
not_training = LogicalNot(both:1)
about_training = Assert(not_training, other)
about_both = Assert(both:1, other, training)
about_other = Assert(other, training)
about_nothing = Assert()
waiting = Identity(other, ^about_training)
about_waiting = Assert(waiting)
"""


def test_only_what_is_asserted_of_a_source_holds() -> None:
    """Behind it by what is read or by what is waited for; all else stays as it is, and in its place."""
    records = graph(LINES).graphdef
    assert [line for line in listed(without_asserts_of(records, ["both"])) if "Placeholder" not in line] == [
        "both = Unpack(training)",
        "not_training = LogicalNot(both:1)",
        "about_training/bninspect_holds = Const(^not_training) dtype=bool value=boolTrue",
        "about_training = Assert(about_training/bninspect_holds, other)",
        "about_both/bninspect_holds = Const(^both) dtype=bool value=boolTrue",
        "about_both = Assert(about_both/bninspect_holds, other, training)",
        "about_other = Assert(other, training)",
        "about_nothing = Assert()",
        "waiting = Identity(other, ^about_training)",
        "about_waiting/bninspect_holds = Const(^waiting) dtype=bool value=boolTrue",
        "about_waiting = Assert(about_waiting/bninspect_holds)",
    ]


def test_without_asserts_nothing_changes() -> None:
    records = graph("training = Placeholder(dtype=bool)").graphdef
    assert without_asserts_of(records, ["training"]) is records


@pytest.mark.tensorflow
def test_a_case_without_default_runs_in_both_modes() -> None:
    report = inspect(load(str(FIXTURES / "cases" / "tf_case_without_default_115.pb")))
    found = probe(report, Question(layers=report.layers), Request(random=4))
    assert found.verification.state == "verified"
