"""Errors as Python says them: the options of the command line in a message become keywords.

`add --image FILE, or --random 8` is `add images="FILE", or random=8` to who called a function. Where an
option stands without a value, its keyword does.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bninspect.errors import BninspectError

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYWORDS = {
    "image": "images",
    "feed": "feeds",
    "output": "outputs",
    "layer": "layers",
    "allow-op": "allowed_ops",
    "merge": "parts",
    "for": "converters",
}
"""Options whose keyword has another name."""
_SWITCHES = {
    "unfrozen": "unfrozen=True",
    "strip": "stripped=True",
    "no-verify": "verify=False",
    "require-verified": "require_verified=True",
}
"""Options without a value."""
_OPTION = re.compile(
    r"--(?P<option>[a-z]+(?:-[a-z]+)*)"
    r"(?: (?P<value>'[^']*'|[^\s,;:()`']*[=@][^\s,;()`']*|\d+|[A-Z]{2,}\b|HxW|"
    r"(?!and\b|or\b)[\w/.:-]+(?=`|\)|$| --)))?"
)
"""An option, and what is a value without doubt: quoted, NAME=VALUE, a number, a word that stands for one, or
one behind which the sentence ends.
"""
_SEVERAL = re.compile(r'(\w+)="[^"]*"(?: \1="[^"]*")+')


@contextmanager
def spelled_for_python() -> Iterator[None]:
    """Within it an error of ours says keywords."""
    try:
        yield
    except BninspectError as error:
        error.args = (with_keywords(str(error)), *error.args[1:])
        raise


def with_keywords(message: str) -> str:
    """The message, with keywords for options."""
    return _SEVERAL.sub(_in_a_list, _OPTION.sub(_keyword, message))


def _keyword(found: re.Match[str]) -> str:
    option, value = found["option"], found["value"]
    name = _KEYWORDS.get(option, option.replace("-", "_"))
    if option in _SWITCHES:
        return _SWITCHES[option] + (f" {value}" if value else "")
    if value is None:
        return name
    return f"{name}={value}" if value.isdigit() else f'{name}="{value.strip(chr(39))}"'


def _in_a_list(found: re.Match[str]) -> str:
    """`feeds="a=1" feeds="b=2"` as `feeds=["a=1", "b=2"]`."""
    values = re.findall(r'="([^"]*)"', found[0])
    return f"{found[1]}=[{', '.join(chr(34) + value + chr(34) for value in values)}]"
