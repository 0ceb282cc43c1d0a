"""Names from files are safe to print: on a terminal, and in the log of a continuous integration."""

from __future__ import annotations

import re

import pytest

from bninspect.escaping import printable, printable_lines

COMMAND = re.compile(r"^\s*::|##\[|##vso\[", re.MULTILINE)
"""What a runner takes for a command."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\n\udcff", "a\\x1b[31mb\\n\\udcff"),
        ("bn\u202egnp.", "bn\\u202egnp."),
        ("::warning::x", ":\\x3awarning:\\x3ax"),
        (":::", ":\\x3a\\x3a"),
        ("##[error]x", "#\\x23[error]x"),
        ("###[group]", "##\\x23[group]"),
        ("##vso[task]", "#\\x23vso[task]"),
        ("scope/bn:0 is # 1, ## 2, [3]", "scope/bn:0 is # 1, ## 2, [3]"),
        ("é日", "é日"),
    ],
)
def test_what_is_not_for_reading_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown
    assert not COMMAND.search(shown)


def test_lines_of_our_own_stay_lines() -> None:
    assert printable_lines("a\n::b\n") == "a\n:\\x3ab\n"
