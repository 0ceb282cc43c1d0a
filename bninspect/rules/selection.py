"""Which rules there are, and which of them a command line or a configuration means."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from bninspect.errors import SelectionError
from bninspect.rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bninspect.rules.rule import Rule

_CODE = re.compile(r"bn\d{3}\Z")


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, by code."""
    names = sorted(module.name for module in iter_modules(catalogue.__path__) if _CODE.match(module.name))
    return tuple(import_module(f"{catalogue.__name__}.{name}").RULE for name in names)


def select(chosen: Iterable[str] = (), ignored: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The rules whose code, name or beginning of a code is chosen (none: all) and not ignored; `BN201,BN1`
    stands for two.

    Raises SelectionError for a code or name that is none.
    """
    wanted = _matching(chosen) if (chosen := tuple(chosen)) else {rule.code for rule in rules()}
    unwanted = _matching(ignored)
    return tuple(rule for rule in rules() if rule.code in wanted and rule.code not in unwanted)


def refuse_none(chosen: Iterable[str], ignored: Iterable[str]) -> None:
    """Raises SelectionError for a code that is none, and where no rule is left."""
    if not select(chosen, ignored := tuple(ignored)):
        raise SelectionError(f"--ignore {','.join(ignored)} leaves no rule of those that are selected")


def _matching(terms: Iterable[str]) -> set[str]:
    """The codes that the terms (`BN201`, `BN2`, `statistics-never-updated`) stand for."""
    matching: set[str] = set()
    for term in _split(terms):
        codes = {rule.code for rule in rules() if rule.code.startswith(term.upper()) or rule.name == term}
        if not codes or not term:
            raise SelectionError(f"no rule is called {term!r}; {_hint(term)}")
        matching |= codes
    return matching


def _split(terms: Iterable[str]) -> Iterator[str]:
    """Each code or name of `a,b`; of a text without any, that text."""
    for text in terms:
        yield from [term.strip() for term in text.split(",") if term.strip()] or [text]


def _hint(term: str) -> str:
    """`did you mean BN201?`, else where to look. Letters that look like digits are taken for them."""
    from difflib import get_close_matches

    code = term.upper().translate(str.maketrans("OQILSZ", "001152"))
    codes = [rule.code for rule in rules()]
    if (numbered := f"BN{code.removeprefix('BN')}") in codes:
        return f"did you mean {numbered}?"
    close = get_close_matches(term.lower(), [rule.name for rule in rules()])
    close = close or get_close_matches(term.upper(), codes, cutoff=0.8)
    return f"did you mean {close[0]}?" if close else "`bninspect rule` lists them"
