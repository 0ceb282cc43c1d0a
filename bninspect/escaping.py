"""What a file, a path or another library says, made safe to print: for every format and every error.

A name comes from a file that nobody vouches for. On a terminal a control character moves the cursor and a
mark of direction (U+202E) turns what follows around; in the log of a continuous integration a line that
begins with `::`, or that holds `##[`, is a command to the runner. Sources: actions/runner,
ActionCommand.TryParseV2 (`::name::`, after leading space) and TryParse (`##[name]`, anywhere in a line);
Azure Pipelines (`##vso[`).
"""

from __future__ import annotations

import re

_SECOND_COLON = re.compile(r"(?<=:):")
_COMMAND = re.compile(r"#(?=(?:vso)?\[)(?<=##)")
"""The second sign of `##[` and `##vso[`."""


def printable_lines(text: str) -> str:
    """The same for text whose own lines stay lines: a traceback."""
    return "\n".join(printable(line) for line in text.split("\n"))


def printable(text: str) -> str:
    """The text with every character escaped that is not for reading, and nothing that a runner obeys."""
    text = legible(text)
    if "::" in text:
        text = _SECOND_COLON.sub(r"\\x3a", text)
    return _COMMAND.sub(r"\\x23", text) if "##" in text else text


def legible(text: str) -> str:
    """The text with every character escaped that is not for reading."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
