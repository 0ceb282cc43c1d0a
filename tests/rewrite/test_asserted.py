"""Asserts about what decides: true in a copy whose layers take the branch that nobody chose."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.rewrite.asserted import without_asserts_of
from tests.support.places import FIXTURES
from tests.support.text import graph

LINES = """
training = Placeholder(dtype=bool)
other = Placeholder(dtype=bool)
not_training = LogicalNot(training)
about_training = Assert(not_training, other)
about_other = Assert(other, training)
"""


def test_only_what_is_asserted_of_a_source_holds() -> None:
    records = graph(LINES).graphdef
    found = {node.name: node for node in without_asserts_of(records, ["not_training"]).nodes}
    true, rest = found["about_training"].inputs
    assert (found[true].op, found[true].inputs) == ("Const", ("^not_training",))
    assert rest == "other"
    assert found["about_other"].inputs == ("other", "training")


def test_without_asserts_nothing_changes() -> None:
    records = graph("training = Placeholder(dtype=bool)").graphdef
    assert without_asserts_of(records, ["training"]) is records


@pytest.mark.tensorflow
def test_a_case_without_default_runs_in_both_modes() -> None:
    report = inspect(load(str(FIXTURES / "cases" / "tf_case_without_default_115.pb")))
    found = probe(report, Question(layers=report.layers), Request(random=4))
    assert found.verification.state == "verified"
