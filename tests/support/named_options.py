"""The options that an error line names as a remedy: the command that says it has to take them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from bninspect.cli.commands import program

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_OTHER_COMMAND = re.compile(r"\bbninspect (\w+)")


def not_taken(message: str, arguments: Sequence[str]) -> set[str]:
    """The options in an error line of these arguments that its command does not take, or that of the command
    line (`bninspect strip ...`) which it stands in; but for those that were typed.
    """
    command = next((word for word in arguments if _options(word)), "")
    typed = {word.partition("=")[0] for word in arguments}
    wrong: set[str] = set()
    for place, part in enumerate(_OTHER_COMMAND.split(message)):
        if place % 2:
            command = part
        elif taken := _options(command):
            wrong |= set(_OPTION.findall(part)) - taken - typed
    return wrong


def _options(command: str) -> set[str]:
    """Of a command by name; none of what is no command."""
    found = program.get_command(click.Context(program), command)
    return set() if found is None else {option for one in found.params for option in one.opts} | {"--help"}
