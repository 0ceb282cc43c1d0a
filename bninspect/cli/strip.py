"""`bninspect strip`: a model that serves one mode only."""

from __future__ import annotations

import sys
from typing import Any

import click

from bninspect.cli import inputs, options
from bninspect.options import FixedMode, record


@click.command(
    "strip",
    cls=inputs.OneModelCommand,
    epilog="""
    \b
    Examples:
      bninspect strip model.pb -o serving.pb
      bninspect strip model.pb -o serving.pb --output logits
      bninspect strip model.pb -o serving.pb --image photo.jpg --feed keep_prob=1.0
      bninspect strip model.pb -o serving.pb --no-verify     without TensorFlow
      bninspect strip - -o - < model.pb > serving.pb         as a filter
    """,
)
@options.model
@click.option(
    "-o", "--out", "target", metavar="OUT", required=True, help="The file to write; `-`: standard output."
)
@inputs.options
@click.option(
    "--output",
    "outputs",
    metavar="NAME",
    multiple=True,
    help="Keep this node or tensor and what it depends on; needed where the file does not say its outputs. "
    "Repeatable.",
)
@click.option(
    "--mode",
    type=options.parameter(FixedMode),
    default="inference",
    show_default=True,
    help="The mode that the new model serves.",
)
@click.option("--no-verify", is_flag=True, help="Do not compare the result with the original.")
@click.option("--require-verified", is_flag=True, help="Write nothing that could not be compared.")
@click.option(
    "--unfrozen",
    is_flag=True,
    help="Accept a model whose weights are in no file; its variables stay variables.",
)
@options.traceback
def command(path: str, target: str, no_verify: bool, **asked: Any) -> None:
    """Write the model with every batch norm in inference mode.

    The new graph has no Switch, Merge or If for batch norm, no placeholder that decides only batch norm, and
    no updates. If TensorFlow is installed, its outputs are first compared with those of the original, fed for
    inference, on random values or on the inputs you give. A model that differs, or does not return, is not
    written. MODEL itself is never changed.
    """
    from bninspect.commands.strip.stripping import StripOptions, strip
    from bninspect.files import STREAM
    from bninspect.render.console import standard_error, standard_output
    from bninspect.render.strip.text import summary
    from bninspect.render.waiting import waiting

    if target == STREAM and sys.stdout is not None and sys.stdout.isatty():
        raise click.UsageError("-o - writes the model to standard output, which is a terminal: name a file")
    chosen = record(StripOptions, asked, verify=not no_verify)
    fed = any(map(inputs.on_command_line, ("images", "data", "random", "feeds", "input", "allowed_ops")))
    with waiting("comparing with the original"):
        result = strip(path, target, chosen, inputs.request(asked) if fed or not no_verify else None)
    screen = standard_error() if target == STREAM else standard_output()
    screen.write(summary(result))
