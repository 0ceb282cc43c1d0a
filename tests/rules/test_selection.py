"""Which rules a command line means, and what is said of a code or name that is none."""

from __future__ import annotations

import pytest

from bninspect.errors import SelectionError
from bninspect.rules.selection import refuse_none, rules, select

TWO = ["BN201", "BN202", "BN203", "BN204", "BN205", "BN206", "BN207"]


@pytest.mark.parametrize(
    ("chosen", "ignored", "codes"),
    [
        (["BN201"], [], ["BN201"]),
        (["bn2"], [], TWO),
        (["BN203,BN201"], [], ["BN201", "BN203"]),
        ([" BN203 ,, BN201,"], [], ["BN201", "BN203"]),
        (["statistics-never-updated", "BN501"], [], ["BN201", "BN501"]),
        (["BN20"], ["BN202,BN203", "copied-statistics"], ["BN201", "BN204", "BN206", "BN207"]),
        (["BN201"], ["BN2"], []),
    ],
)
def test_codes_beginnings_and_names(chosen: list[str], ignored: list[str], codes: list[str]) -> None:
    assert [rule.code for rule in select(chosen, ignored)] == codes


def test_all_unless_told() -> None:
    assert select() == rules()
    assert [rule.code for rule in select(ignored=["BN1", "BN3", "BN4", "BN5"])] == TWO


@pytest.mark.parametrize(
    ("term", "hint"),
    [
        ("", "`bninspect rule` lists them"),
        (",", "`bninspect rule` lists them"),
        ("BN2O1", "did you mean BN201?"),
        ("bnZO1", "did you mean BN201?"),
        ("2o1", "did you mean BN201?"),
        ("BN2011", "did you mean BN201?"),
        ("Statistics-Never-Updatd", "did you mean statistics-never-updated?"),
        ("bn-x", "`bninspect rule` lists them"),
        ("BN9", "`bninspect rule` lists them"),
    ],
)
def test_a_code_that_is_none(term: str, hint: str) -> None:
    with pytest.raises(SelectionError) as refused:
        select([term])
    assert str(refused.value) == f"no rule is called {term!r}; {hint}"
    with pytest.raises(SelectionError):
        select(ignored=[term])


def test_no_rule_is_left() -> None:
    refuse_none(["BN201"], ["BN202"])
    with pytest.raises(SelectionError, match=r"^--ignore BN2,BN1 leaves no rule of those that are selected$"):
        refuse_none(["BN201"], ["BN2", "BN1"])
