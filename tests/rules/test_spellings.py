"""Renamed, put under a scope or shuffled, a model has the same findings: no rule goes by names or order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.rules import Case, judge
from tests.rules.test_fixtures import TABLE
from tests.support.places import FIXTURES
from tests.support.respelling import model, permuted, prefixed, renamed, write

if TYPE_CHECKING:
    from pathlib import Path

SCOPE = "imported/model"
SEED = 5
GUILTY = [file for file, codes in TABLE.items() if codes and (FIXTURES / file).is_file()]


def findings(path: str) -> Counter[tuple[Any, ...]]:
    """What is found, names without the scope. What a layer is called follows the names and is left out."""
    found = judge(Case(report=inspect(load(path)))).findings
    return Counter(
        tuple(
            part.replace(SCOPE + "/", "") if isinstance(part, str) else part
            for part in (one.code, one.severity, one.node, one.message if one.layer is None else None)
        )
        for one in found
    )


@pytest.mark.parametrize("file", sorted(GUILTY))
def test_order_decides_nothing(file: str, tmp_path: Path) -> None:
    shuffled = write(permuted(model(file), SEED), tmp_path)
    assert findings(shuffled) == findings(str(FIXTURES / file))


@pytest.mark.parametrize("file", sorted(GUILTY))
def test_a_scope_decides_nothing(file: str, tmp_path: Path) -> None:
    scoped = write(prefixed(model(file), SCOPE), tmp_path)
    assert findings(scoped) == findings(str(FIXTURES / file))


@pytest.mark.parametrize("file", sorted(GUILTY))
def test_names_decide_nothing(file: str, tmp_path: Path) -> None:
    """Every node and function renamed to something that says nothing: the same codes, as often, as grave."""
    opaque = write(renamed(model(file), SEED)[0], tmp_path)

    def codes(path: str) -> Counter[tuple[Any, ...]]:
        return Counter((one[0], one[1]) for one in findings(path).elements())

    assert codes(opaque) == codes(str(FIXTURES / file))
