"""Words and numbers in a sentence: the scope that names have in common."""

from __future__ import annotations

import pytest

from bninspect.text import common_scope


@pytest.mark.parametrize(
    ("names", "scope"),
    [
        ([], ""),
        (["a/b"], ""),
        (["net/a", "net/b/c"], "net/"),
        (["net/a/x", "net/a/y"], "net/a/"),
        (["network/a", "net/a"], ""),
        (["a", "b"], ""),
        (["net", "net/a"], ""),
    ],
)
def test_common_scope(names: list[str], scope: str) -> None:
    assert common_scope(names) == scope
