"""The table of commands, and the group that imports a command only when that command is asked for."""

from __future__ import annotations

import os
from importlib import import_module
from typing import NamedTuple

import click

from bninspect.cli.options import ARGUMENTS
from bninspect.options import hint
from bninspect.version import __version__


class Entry(NamedTuple):
    """Where a command lives, and its line in `bninspect --help`, which must not import it."""

    module: str
    """Holds the click command under the name `command`."""
    summary: str


COMMANDS = {
    "graph": Entry("bninspect.cli.graph", "Which mode every batch norm runs in, and what decides it."),
    "probe": Entry("bninspect.cli.probe", "How far the two modes differ on your images, layer by layer."),
    "check": Entry("bninspect.cli.check", "May this model ship? Findings, fixes, and an exit code for CI."),
    "strip": Entry("bninspect.cli.strip", "Write the model with every batch norm in inference mode."),
    "refresh": Entry("bninspect.cli.refresh", "Write the model with moving statistics of your images."),
    "diff": Entry("bninspect.cli.diff", "What moved between two checkpoints: weights, and statistics?"),
    "report": Entry("bninspect.cli.report", "One page to look at: map, wiring, both modes, findings, fixes."),
    "forecast": Entry(
        "bninspect.cli.forecast", "What converters make of it: inference, TRAINING, or a refusal."
    ),
    "rule": Entry("bninspect.cli.rule", "What a rule looks for, why, and what to do instead."),
}


_MODEL = "bninspect.cli.overview"
"""The command that is meant where the first word is a model's."""
_HELP = "bninspect.help"
"""Of a context: whether help is asked for anywhere on the command line. Help reads no configuration."""


class LazyGroup(click.Group):
    """A click group over COMMANDS."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = tuple(args)
        ctx.meta[_HELP] = not {"--help", "-h"}.isdisjoint(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name].module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name].module}.command is no click command")
        return command

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "MODEL [IMAGE]... [OPTIONS]")
        formatter.write_usage(ctx.command_path, "COMMAND ... [OPTIONS]", prefix=" " * len("Usage: "))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and _is_model(name):
            return name, import_module(_MODEL).command, args
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"no command {name!r}; {hint(name, COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


def _is_model(word: str) -> bool:
    """Whether the word names a model rather than a command, misspelled or not."""
    return word == "-" or (
        not word.startswith("-") and ("/" in word or "." in word or os.path.exists(word or "."))
    )


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""
    \b
    Examples:
      bninspect model.pb                            the verdict, findings, and what to type next
      bninspect model.pb photo.jpg                  the same, and both modes on a photo
      bninspect graph model.pb --layer 'conv1/*'    how a layer is wired
      bninspect check models/ --deploy              many models, for continuous integration
      bninspect COMMAND --help                      options and examples of a command

    \b
    Exit codes: 0 it ran; 1 findings (check, diff); 2 it could not be done; 3 a bug of ours.
    """,
)
@click.version_option(__version__, prog_name="bninspect")
@click.pass_context
def program(context: click.Context) -> None:
    """Inspect batch normalization in TensorFlow models: which mode a file serves, training or inference, what
    decides it, and whether its moving statistics fit your data."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)
    _configure(context)


def _configure(context: click.Context) -> None:
    """The configuration of the current folder as the defaults of options, and in `obj` for the commands,
    which is None if there is none.
    """
    if context.meta[_HELP]:
        return
    from bninspect.cli.configuration.place import places

    if next(places(os.getcwd()), None) is None:
        return
    from pathlib import Path

    from bninspect.cli.configuration.config import find
    from bninspect.cli.configuration.defaults import default_map

    config = context.obj = find(Path.cwd())
    if config.options:
        commands = {name: import_module(entry.module).command for name, entry in COMMANDS.items()}
        invoked = context.invoked_subcommand
        if invoked is not None and invoked not in COMMANDS:
            commands[invoked] = import_module(_MODEL).command
        context.default_map = default_map(config, commands)
