"""The configuration as defaults of options: a command-line option wins, a misspelled key is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bninspect.errors import BninspectError
from bninspect.options import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bninspect.cli.configuration.config import Config

_NEVER = frozenset({"help", "version", "traceback", "update-baseline", "out", "moments", "merge"})
"""Options that a file cannot give."""


def default_map(config: Config, commands: Mapping[str, click.Command]) -> dict[str, dict[str, Any]]:
    """Command -> parameter -> default, as click's `default_map` wants it.

    Raises BninspectError for a key that no command has as an option, and for a value that no command takes;
    `format = "sarif"` is the default of those that have this format.
    """
    known = {name: parameters(command) for name, command in commands.items()}
    defaults: dict[str, dict[str, Any]] = {name: {} for name in commands}
    for key, value in config.options.items():
        having = [name for name, options in known.items() if key in options]
        if not having:
            raise BninspectError(f"{config.path}: unknown key {key!r}{_hint(key, known)}")
        refusals = []
        for name in having:
            option = known[name][key]
            try:
                processed(config, commands[name], key, value)
                defaults[name][option.name or ""] = _value(option, value)
            except BninspectError as error:
                refusals.append(error)
        if len(refusals) == len(having):
            raise refusals[0]
    return defaults


def of_model(config: Config, command: click.Command, path: str) -> dict[str, Any]:
    """Parameter -> default, by the sections about this model, for those of their keys that the command has.

    Raises BninspectError for a value that does not do.
    """
    known = parameters(command)
    defaults: dict[str, Any] = {}
    for key, value in config.options_of(path).items():
        if key in known:
            processed(config, command, key, value)
            defaults[known[key].name or ""] = _value(known[key], value)
    return defaults


def processed(config: Config, command: click.Command, key: str, value: Any) -> Any:
    """What a command gets for the value of a key. Raises BninspectError for a value that does not do."""
    option = parameters(command)[key]
    try:
        return option.process_value(click.Context(command, info_name=command.name), _value(option, value))
    except click.UsageError as error:
        reason = error.message.rstrip(".")
        raise BninspectError(f"{config.path}: {key} = {value!r}: {reason}") from None


def parameters(command: click.Command) -> dict[str, click.Parameter]:
    """Option name (`fail-on`) -> the option."""
    return {
        name.removeprefix("--"): option
        for option in command.params
        for name in option.opts
        if name.startswith("--") and name.removeprefix("--") not in _NEVER
    }


def _value(option: click.Parameter, value: Any) -> Any:
    """A value of TOML as click wants it: a list where the option is repeatable. Raises click.BadParameter for
    one of another type, which click would make into something that nobody wrote.
    """
    if option.multiple:
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in values):
            raise click.BadParameter("a text, or a list of texts, is wanted")
        return values
    flag = isinstance(option, click.Option) and option.is_flag
    if flag != isinstance(value, bool) or not isinstance(value, bool | str | int | float):
        raise click.BadParameter("true or false is wanted" if flag else "a text or a number is wanted")
    if isinstance(value, float) and isinstance(option.type, click.types.IntParamType):
        raise click.BadParameter("a whole number is wanted")
    return value


def _hint(key: str, known: Mapping[str, Mapping[str, click.Parameter]]) -> str:
    names = sorted({name for options in known.values() for name in options})
    close = nearest(key, names)
    return f"; did you mean {close!r}?" if close else f"; there are {', '.join(names)}"
