"""Arguments and options that several commands share, each defined once; and where an option stands in a help:
in sections, the common ones first.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import click

from bninspect.options import Level, Momentum, choices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.shell_completion import CompletionItem

F = TypeVar("F", bound="Callable[..., Any]")


ARGUMENTS = "bninspect.arguments"
"""Of a context: the words of the command line."""


_SECTIONS = {
    "Inputs": "image data preprocess size feed random",
    "More inputs": "input batch-size channels resize seed shuffle batches allow-op device",
    "Rules": "select ignore severity",
    "Baseline": "baseline update-baseline",
    "A large set": "jobs until engine parts moments merge",
    "To look at": "html overlay tensorboard",
    "More options": "switch momentum statistics exit-zero verbose unfrozen no-check traceback help",
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


def parameter(kind: Any) -> click.ParamType[Any]:
    """The click type of a kind of value (`bninspect.options`)."""
    if get_origin(kind) is Literal:
        return click.Choice(choices(kind))
    base, limits = get_args(kind)
    if base is int:
        return click.IntRange(limits.low, limits.high)
    return click.FloatRange(limits.low, limits.high, limits.low_open, limits.high_open)


def together(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """All of these arguments and options, in this order."""

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def _all_configured(
    context: click.Context, parameter: click.Parameter, paths: tuple[str, ...]
) -> tuple[str, ...]:
    return (configured(context, parameter, paths[0]),) if len(paths) == 1 else paths


def configured(context: click.Context, parameter: click.Parameter, path: str) -> str:
    """The path, once its sections of the configuration are defaults of the options, parsed after it."""
    if context.obj is not None and context.obj.models:
        from bninspect.cli.configuration.defaults import of_model

        found = of_model(context.obj, context.command, path)
        context.default_map = {**(context.default_map or {}), **found}
    return path


def codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """For a shell that completes a code of a rule: each with what the rule finds."""
    from click.shell_completion import CompletionItem

    from bninspect.rules import rules

    begun, comma, last = incomplete.rpartition(",")
    return [
        CompletionItem(f"{begun}{comma}{rule.code}", help=rule.summary)
        for rule in rules()
        if rule.code.startswith(last.upper())
    ]


model = click.argument("path", metavar="MODEL", type=click.Path(), is_eager=True, callback=configured)
"""The argument MODEL, passed as `path`; the configuration of that model gives the defaults of options."""
models = click.argument(
    "paths", metavar="MODEL...", nargs=-1, required=True, type=click.Path(), is_eager=True,
    callback=_all_configured,
)  # fmt: skip
"""The argument MODEL..., passed as `paths`; where there is one, its configuration gives the defaults."""
layer = click.option(
    "--layer",
    "layers",
    metavar="GLOB",
    multiple=True,
    help="Only layers whose name matches; a node or tensor name of the layer will do. Repeatable.",
)
"""`--layer GLOB`, passed as `layers`, a tuple of strings; `batchnorm.selection` turns it into layers."""
output = click.option(
    "--output",
    "outputs",
    metavar="NAME",
    multiple=True,
    help="Look at what this node or tensor depends on; otherwise at the model's outputs. Repeatable.",
)
"""`--output NAME`, passed as `outputs`, a tuple of strings."""
momentum = click.option(
    "--momentum",
    type=parameter(Momentum),
    metavar="M",
    help="Momentum of the moving averages, where the file does not hold it.",
)
"""`--momentum M`, a number between 0 and 1, or None."""
fail_on = click.option(
    "--fail-on",
    type=parameter(Level),
    default="error",
    show_default=True,
    help="Findings from this severity on make the exit code 1.",
)
"""`--fail-on SEVERITY`, passed as a string: which findings make the exit code 1."""
exit_zero = click.option("--exit-zero", is_flag=True, help="Exit 0 in spite of findings.")
traceback = click.option(
    "--traceback", is_flag=True, expose_value=False, help="Print the traceback of an error, too."
)
"""`--traceback`; `cli.run` looks for it by itself, since a command line may be too wrong to parse."""


def output_format(*formats: str) -> Callable[[F], F]:
    """`--format`, passed as `form`; the first one given is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Output format.",
    )


def command_line() -> str:
    """What was typed, as a shell takes it."""
    from shlex import join

    return join(["bninspect", *click.get_current_context().meta[ARGUMENTS]])
