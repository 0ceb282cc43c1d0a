"""A model with a While of functions, as it is run: the loop whole, its layers named as lost."""

from __future__ import annotations

from bninspect.batchnorm import inspect
from bninspect.errors import Absent
from bninspect.graph import load
from bninspect.measure.facts import Question
from bninspect.measure.whole_loops import without_loops
from tests.support.places import FIXTURES

REPORT = inspect(load(str(FIXTURES / "cases" / "while_of_two_results.pb")))
BEFORE, INSIDE = REPORT.layers


def test_the_layer_inside_is_lost_and_the_rest_is_of_the_other_graph() -> None:
    question = Question(layers=(INSIDE, BEFORE), patched=REPORT.outputs, keep=True)
    outer, asked, lost = without_loops(REPORT, question)
    assert lost == (
        Absent(
            what=INSIDE.name,
            reason="it stands in the body of a While, which cannot be run apart from its loop",
        ),
    )
    assert [one.name for one in outer.layers] == [BEFORE.name]
    assert asked.layers == outer.layers
    assert [tensor.name for tensor in outer.outputs] == [tensor.name for tensor in REPORT.outputs]
    assert asked.patched == outer.outputs
    assert asked.patched[0].node is not REPORT.outputs[0].node
    assert asked.keep
    assert not any(node.op == "Enter" for node in outer.graph)


def test_layers_that_nobody_asked_for_are_not_lost() -> None:
    _, asked, lost = without_loops(REPORT, Question(layers=()))
    assert (asked.layers, lost) == ((), ())


def test_a_model_without_such_a_loop_stays_as_it_is() -> None:
    """A loop that the file itself writes out is none."""
    for name in ("classic.pb", "cases/dynamic_rnn.pb", "stateless_if.pb"):
        report = inspect(load(str(FIXTURES / name)))
        question = Question(layers=report.layers)
        outer, asked, lost = without_loops(report, question)
        assert (outer is report, asked is question, lost) == (True, True, ())
