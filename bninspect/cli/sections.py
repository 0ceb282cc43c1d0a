"""`--help` in sections, the common options first: the one place that says where an option stands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTIONS = {
    "Inputs": "image preprocess size feed random",
    "More inputs": "input batch-size channels resize seed shuffle batches allow-op device data",
    "Rules": "select ignore severity",
    "Baseline": "baseline update-baseline",
    "A large set in parts": "moments merge parts engine",
    "More options": "switch momentum statistics exit-zero jobs verbose unfrozen no-check traceback help",
}
"""Section -> the options in it. All others are what a command is for: they come first, under `Options`."""
_ORDER = ("Options", *_SECTIONS)
_HOME = {name: title for title, names in _SECTIONS.items() for name in names.split()}


class SectionedCommand(click.Command):
    """A command whose help shows its options in sections."""

    def __init__(self, *args: Any, first: str = "Options", **kwargs: Any) -> None:
        """`first` is the section that the command is for."""
        super().__init__(*args, **kwargs)
        self.first = first

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections.setdefault(_section(parameter), []).append(record)
        for title in dict.fromkeys((self.first, *_ORDER)):
            if title in sections:
                with formatter.section(title):
                    formatter.write_dl(sections[title])


def _section(parameter: click.Parameter) -> str:
    return next((_HOME[name] for name in names(parameter) if name in _HOME), _ORDER[0])


def names(parameter: click.Parameter) -> Iterator[str]:
    """What the option is called: `image`, `o` and `out`."""
    return (option.lstrip("-") for option in parameter.opts)


command = partial(click.command, cls=SectionedCommand)
"""As `click.command`, with a help in sections."""
