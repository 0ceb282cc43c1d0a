"""`rule` without its command line: which rules, and whether with their pages."""

from __future__ import annotations

import pytest

from bninspect.commands.rule import explain_rules
from bninspect.errors import SelectionError
from bninspect.rules import rules


def test_all_rules_a_line_each() -> None:
    result = explain_rules()
    assert (result.rules, result.whole) == (rules(), False)


def test_a_code_asks_for_pages() -> None:
    result = explain_rules("BN2")
    assert result.whole
    assert {rule.code[:3] for rule in result.rules} == {"BN2"}


def test_no_such_rule() -> None:
    with pytest.raises(SelectionError, match="BN999"):
        explain_rules("BN999")
