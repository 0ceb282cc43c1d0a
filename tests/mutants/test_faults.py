"""The faults of a text: which there are, and that each leaves a file of Python behind."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.__main__ import CORE, draw
from tests.mutants.faults import faults
from tests.support.places import ROOT


@pytest.mark.parametrize(
    ("source", "planted"),
    [
        ("a < b", {"(a <= b)"}),
        ("a is None", {"(a is not None)"}),
        ("a and b", {"(a or b)", "b"}),
        ("not a", {"(bool(a))"}),
        ("a + b", {"(a - b)"}),
        ("a + 'text'", set()),
        ("True", {"(False)"}),
        ("a if b else c", {"(c if b else a)"}),
        ("'text'", set()),
    ],
)
def test_an_expression_has_these_faults(source: str, planted: set[str]) -> None:
    found = faults(f"def f():\n    x = {source}\n")
    assert {fault.after for fault in found} == {text if text[0] == "(" else f"({text})" for text in planted}


def test_a_guard_is_taken_away_and_a_result_lost() -> None:
    found = faults("def f(a):\n    if a:\n        return 5\n    return g(a)\n")
    assert [(fault.line, fault.after) for fault in found] == [
        (2, "(False)"),
        (3, "return None"),
        (3, "(6)"),
        (4, "return None"),
    ]


def test_no_for_no_is_no_fault() -> None:
    found = faults("def f(a):\n    if g(a):\n        return False\n    return 0\n")
    assert [(fault.line, fault.after) for fault in found] == [
        (2, "(False)"),
        (3, "(True)"),
        (4, "return None"),
        (4, "(1)"),
    ]


def test_what_only_readers_see_is_left_alone() -> None:
    text = '"""1"""\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    a = 1\n'
    text += "def f(a: int | None = None) -> int | None:\n    assert a is not None\n    raise ValueError(1)\n"
    assert faults(text) == []


def test_every_fault_of_the_core_is_python_that_says_something_else() -> None:
    for mutant in draw(list(CORE), seed=1, count=400):
        source = (ROOT / mutant.path).read_bytes()
        planted = mutant.fault.plant(source)
        assert ast.dump(ast.parse(planted)) != ast.dump(ast.parse(source)), mutant


def test_the_number_of_a_limit_is_left_alone_and_the_comparison_with_it_is_not() -> None:
    found = faults("_MOST_NODES = 400\n_SIZE = 4\ndef f(n):\n    x = n < _MOST_NODES\n")
    assert [(fault.line, fault.after) for fault in found] == [(2, "(5)"), (4, "(n <= _MOST_NODES)")]
