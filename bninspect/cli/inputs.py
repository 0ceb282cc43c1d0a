"""The options INPUTS, which all commands that run a model share: what to feed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import click

from bninspect.cli.options import SectionedCommand, parameter, together
from bninspect.errors import OptionError
from bninspect.options import Channels, Count, Device, Preprocess, Resize, Seed, Size, checked, record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bninspect.inputs.request import Request


def size(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """`HxW` as (height, width)."""
    try:
        found: tuple[int, int] | None = None if value is None else checked("size", value, Size)
    except OptionError as error:
        raise click.BadParameter(str(error)) from None
    return found


def _use(context: click.Context, parameter: click.Parameter, value: Device) -> None:
    """Has the model run on this device."""
    from bninspect.run import settings

    settings.use(value)
    if value == "cpu":
        settings.hide_gpus()


feed = click.option(
    "--feed",
    "feeds",
    metavar="NAME=VALUE",
    multiple=True,
    help="A number, a boolean or @file.npy for any other input. Repeatable.",
)
allow_op = click.option(
    "--allow-op",
    "allowed_ops",
    metavar="OP",
    multiple=True,
    help="Run this op, which is not on the allow-list. Repeatable.",
)

options = together(
    click.option(
        "--image", "images", metavar="FILE|DIR|GLOB", multiple=True, help="Images to run on. Repeatable."
    ),
    click.option(
        "--data",
        "data",
        metavar="SPEC",
        multiple=True,
        help=".npy or .npz batches, TFRecord, tar shards, parquet, script.py:load_data, or an address of "
        "them; #FIELD=INPUT behind it names what goes where. Repeatable.",
    ),
    click.option("--random", type=parameter(Count), metavar="N", help="N random images instead."),
    click.option(
        "--seed",
        type=parameter(Seed),
        default=0,
        show_default=True,
        metavar="S",
        help="Seed of --random.",
    ),
    feed,
    click.option("--input", metavar="NAME", help="The placeholder that takes the images."),
    click.option("--batch-size", type=parameter(Count), metavar="N", help="Images in a batch."),
    click.option(
        "--preprocess",
        type=parameter(Preprocess),
        default="raw",
        show_default=True,
        help="raw: 0..255, unit: 0..1, tf: -1..1, caffe and torch: by their channel means; auto: as "
        "fits the first layer's stored statistics.",
    ),
    click.option("--channels", type=parameter(Channels), help="Order of the colours; bgr is OpenCV's."),
    click.option(
        "--size", metavar="HxW", callback=size, help="Size of the images, if the model leaves it free."
    ),
    click.option(
        "--resize",
        type=parameter(Resize),
        default="stretch",
        show_default=True,
        help="How an image comes to that size.",
    ),
    click.option(
        "--device",
        type=parameter(Device),
        default="cpu",
        show_default=True,
        expose_value=False,
        callback=_use,
        help="What runs the model.",
    ),
    allow_op,
)
"""The options INPUTS: what to feed the model."""


class OneModelCommand(SectionedCommand):
    """A command that takes one MODEL; of another argument it says which option is meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            refuse_stray(ctx.args, ctx)
        return rest


def refuse_stray(
    arguments: Sequence[str], context: click.Context | None = None, *, parts: bool = False
) -> NoReturn:
    """Raises a usage error for what stands behind MODEL without an option: images, or parts of moments."""
    what, option = ("parts", "--merge") if parts else ("images", "--image")
    options = " ".join(f"{option} {argument}" for argument in arguments)
    raise click.UsageError(f"one MODEL at a time: pass {what} as {options}", context)


def on_command_line(name: str) -> bool:
    """Whether the command line, and not the configuration, gives the parameter of the current command."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def asks_to_run(asked: Mapping[str, Any]) -> bool:
    """Whether a command that may run the model is to. A number in the configuration, for a model that may be
    run, is no order to run it; a feed on the command line is, and an input from a file.
    """
    fed = on_command_line("feeds") or any("=@" in feed for feed in asked["feeds"])
    return bool(asked["images"] or asked["data"] or asked["random"] or (asked["feeds"] and fed))


def request(asked: Mapping[str, Any]) -> Request:
    """What the options ask to be fed. Of images, data and random ones the command line wins over the
    configuration.
    """
    from bninspect.inputs.request import Request

    sources = {"images", "data", "random"}
    named = {name for name in sources if on_command_line(name)}
    left_out = sources - named if named else set()
    return record(Request, {name: value for name, value in asked.items() if name not in left_out})
