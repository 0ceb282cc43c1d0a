"""The configuration as defaults of options: a command-line option wins, a misspelled key is an error."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from bninspect.errors import BninspectError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bninspect.cli.config import Config

_NEVER = frozenset({"help", "version", "traceback", "update-baseline"})
"""Options that a file cannot give."""


def default_map(config: Config, commands: Mapping[str, click.Command]) -> dict[str, dict[str, Any]]:
    """Command -> parameter -> default, as click's `default_map` wants it.

    Raises BninspectError for a key that no command has as an option.
    """
    known = {name: parameters(command) for name, command in commands.items()}
    for key in config.options:
        if not any(key in options for options in known.values()):
            raise BninspectError(f"{config.path}: unknown key {key!r}{_hint(key, known)}")
    return {
        name: {
            options[key].name or "": _value(options[key], value)
            for key, value in config.options.items()
            if key in options
        }
        for name, options in known.items()
    }


def parameters(command: click.Command) -> dict[str, click.Parameter]:
    """Option name (`fail-on`) -> the option."""
    return {
        name.removeprefix("--"): option
        for option in command.params
        for name in option.opts
        if name.startswith("--") and name.removeprefix("--") not in _NEVER
    }


def _value(option: click.Parameter, value: Any) -> Any:
    """A value of TOML as click wants it: a list where the option is repeatable."""
    if option.multiple:
        return [str(one) for one in value] if isinstance(value, list) else [str(value)]
    return value


def _hint(key: str, known: Mapping[str, Mapping[str, click.Parameter]]) -> str:
    names = sorted({name for options in known.values() for name in options})
    close = get_close_matches(key, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(names)}"
