"""How each model of a check is checked: the command line, then the sections about this model, then the
defaults; and what the configuration asks for that is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.cli import inputs
from bninspect.cli.configuration.defaults import parameters, processed
from bninspect.commands.check.one_model import Allowance, Settings
from bninspect.commands.paths import identity
from bninspect.errors import BninspectError, SelectionError
from bninspect.options import record
from bninspect.rules import Severity, select
from bninspect.rules.selection import refuse_none

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import click

    from bninspect.cli.configuration.config import Allowed, Config
    from bninspect.commands.check.result import ModelResult


def settings(paths: Sequence[str], config: Config, context: click.Context) -> list[Settings]:
    """One for each model.

    Raises BninspectError for a code that is none and for a section whose glob matches nothing.
    """
    allowances = {
        allowed: _allowances(config, allowed) for section in config.models for allowed in section.allow
    }
    grave = severities(config)
    work = [_one(path, config, context, allowances, grave) for path in paths]
    for section in config.models:
        if not any(section.matches(path) for path in paths) and not section.files():
            raise BninspectError(f"{config.path}: models: path = {section.pattern!r} matches nothing")
    for codes in {(one.select, one.ignore) for one in work}:
        refuse_none(*codes)
    return work


def _one(
    path: str,
    config: Config,
    context: click.Context,
    allowances: dict[Allowed, tuple[Allowance, ...]],
    severities: Mapping[str, Severity],
) -> Settings:
    asked = dict(context.params)
    known = parameters(context.command)
    for key, value in config.options_of(path).items():
        name = known[key].name or ""
        if not inputs.on_command_line(name):
            asked[name] = processed(config, context.command, key, value)
    return record(
        Settings,
        asked,
        path=path,
        allowances=tuple(
            one for section in config.sections(path) for allow in section.allow for one in allowances[allow]
        ),
        request=inputs.request(asked) if inputs.asks_to_run(asked) else None,
        converters=config.converters,
        severities=severities,
        keep=asked["html"] is not None,
    )


def settings_of(path: str, asked: Mapping[str, Any], config: Config | None, **others: Any) -> Settings:
    """How a command that judges one model, and is no check, judges it: nothing is allowed."""
    converters = () if config is None else config.converters
    return record(Settings, asked, path=path, severities=severities(config), converters=converters, **others)


def severities(config: Config | None) -> dict[str, Severity]:
    """Code -> how grave the configuration says that its findings are. Raises BninspectError for a code that
    is none.
    """
    graver: dict[str, Severity] = {}
    if config is None or not config.severity:
        return graver
    for code, level in config.severity.items():
        try:
            graver |= {rule.code: Severity(level) for rule in select((code,))}
        except SelectionError as error:
            raise BninspectError(f"{config.path}: severity: {error}") from None
    return graver


def allowances(config: Config, path: str) -> tuple[Allowance, ...]:
    """What the configuration allows in one model.

    Raises BninspectError for a code that is none.
    """
    sections = config.sections(path)
    return tuple(one for section in sections for allow in section.allow for one in _allowances(config, allow))


def _allowances(config: Config, allowed: Allowed) -> tuple[Allowance, ...]:
    """One for each rule that the code stands for."""
    try:
        chosen = select((allowed.code,))
    except SelectionError as error:
        raise BninspectError(f"{config.path}: allow: {error}") from None
    return tuple(Allowance(code=rule.code, layer=allowed.layer, reason=allowed.reason) for rule in chosen)


def refuse_unmatched(config: Config, results: Sequence[ModelResult]) -> None:
    """An allowance for a layer that no model has is a typing error, or the layer is gone: either way it is
    said. Where only some of the models that a section is about were checked, the layer may be in another.

    Raises BninspectError.
    """
    checked = {identity(result.path): result for result in results}
    for section in config.models:
        about = [result for path, result in checked.items() if section.matches(str(path))]
        if not about or any(result.error for result in about) or section.files() - set(checked):
            continue
        for allowed in section.allow:
            if all(allowed.layer in result.unmatched for result in about):
                entry = f"models: path = {section.pattern!r}: allow {allowed.code} at layer {allowed.layer!r}"
                raise BninspectError(f"{config.path}: {entry} matches no layer")
