"""`bninspect probe`: how far training and inference mode differ on the user's images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bninspect.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graphdef import Tensor

F = TypeVar("F", bound="Callable[..., Any]")

_VARIABLE = "BNINSPECT_MODEL"
_MODELS = (".pb", ".pbtxt", ".meta")


def size(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """`HxW` as (height, width)."""
    if value is None:
        return None
    height, _, width = value.lower().partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise click.BadParameter(f"{value!r} is no size; write height x width, such as 224x224")
    return int(height), int(width)


def inputs(function: F) -> F:
    """The options INPUTS: what to feed the model."""
    positive = click.IntRange(min=1)
    for decorate in (
        click.option(
            "--allow-op", "allowed", metavar="OP", multiple=True, help="Run this op too. Repeatable."
        ),
        click.option(
            "--resize",
            type=click.Choice(("stretch", "crop", "pad")),
            default="stretch",
            show_default=True,
            help="How images come to that size.",
        ),
        click.option("--size", metavar="HxW", callback=size, help="Where the model leaves it free."),
        click.option(
            "--channels", type=click.Choice(("rgb", "bgr")), help="Order of the colours; bgr is OpenCV's."
        ),
        click.option(
            "--preprocess",
            "preset",
            type=click.Choice(("raw", "unit", "tf", "caffe", "torch")),
            default="raw",
            show_default=True,
            help="raw: 0..255, unit: 0..1, tf: -1..1, caffe and torch: by their channel means.",
        ),
        click.option("--batch-size", type=positive, metavar="N", help="Images run together."),
        click.option("--input", "input_name", metavar="NAME", help="The placeholder that takes the images."),
        click.option(
            "--feed",
            "feeds",
            metavar="NAME=VALUE",
            multiple=True,
            help="A number, a boolean or @file.npy for any other input. Repeatable.",
        ),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of --random."),
        click.option("--random", "count", type=positive, metavar="N", help="N random images instead."),
        click.option(
            "--image", "images", metavar="FILE|DIR|GLOB", multiple=True, help="Images to run on. Repeatable."
        ),
    ):
        function = decorate(function)
    return function


@click.command(
    "probe",
    epilog="""
    \b
    Examples:
      bninspect probe model.pb --image photo.jpg
      bninspect probe model.pb --image photo.jpg --patch 0,22:28,22:28,0
      bninspect probe model.pb --image photos/ --preprocess tf --size 224x224
      bninspect probe model.pb --random 8 --feed keep_prob=1.0 --output logits --format json
    """,
)
@click.argument("path", metavar="[MODEL]", required=False)
@inputs
@options.output
@options.layer
@click.option(
    "--patch",
    metavar="SLICE",
    help="Print these numbers of both modes, such as 0,22:28,22:28,0: of the --output tensors, else of the "
    "--layer layers, else of the first layer.",
)
@click.option(
    "--switch",
    type=click.Choice(("layers", "graph")),
    default="layers",
    show_default=True,
    help="layers: batch norm alone changes its mode; graph: whatever reads what decides it (dropout), too.",
)
@click.option(
    "--momentum",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="M",
    help="Of the moving averages, where the file does not tell it.",
)
@click.option(
    "--sort",
    type=click.Choice(("graph", "score")),
    default="graph",
    show_default=True,
    help="Layers in the order of the graph, or the worst first.",
)
@click.option(
    "--save", "target", metavar="FILE.npz", help="Save the outputs of both modes, and what was measured."
)
@options.output_format("table", "json")
@options.traceback
def command(
    path: str | None,
    globs: tuple[str, ...],
    outputs: tuple[str, ...],
    patch: str | None,
    target: str | None,
    form: str,
    allowed: tuple[str, ...],
    **asked: Any,
) -> None:
    """Run the model in training and in inference mode, and show how far they differ.

    MODEL is a frozen graph; without it, BNINSPECT_MODEL or the only model in the current folder. Every
    op that runs must be known only to compute. This needs TensorFlow.
    """
    from bninspect.batchnorm import inspect
    from bninspect.cli.selection import select
    from bninspect.graphdef import load
    from bninspect.probe.facts import Question
    from bninspect.probe.inputs import Request
    from bninspect.probe.measured import arrays, worst_first
    from bninspect.probe.run import probe
    from bninspect.probe.save import save

    report = inspect(load(path or _model()), outputs=outputs)
    layers = select(report.layers, globs)
    request = Request(
        images=asked["images"],
        random=asked["count"],
        seed=asked["seed"],
        feeds=asked["feeds"],
        input=asked["input_name"],
        batch_size=asked["batch_size"],
        preset=asked["preset"],
        channels=asked["channels"],
        size=asked["size"],
        resize=asked["resize"],
    )
    question = Question(
        layers=layers,
        patch=patch,
        patched=_patched(report, layers, outputs, globs),
        keep=target is not None,
        allowed=allowed,
        switch=asked["switch"],
        momentum=asked["momentum"],
    )
    found = probe(report, question, request)
    if target is not None:
        save(target, {**found.kept, **arrays(found.layers)})
    if asked["sort"] == "score":
        found = worst_first(found)
    if form == "json":
        from bninspect.report.json import dumps
        from bninspect.report.probe_json import probe_document

        click.echo(dumps(probe_document(found)))
        return
    from bninspect.report.probe_terminal import print_probe
    from bninspect.report.terminal import standard_output

    print_probe(standard_output()[0], found)


def _patched(
    report: Report, layers: tuple[BatchNorm, ...], outputs: tuple[str, ...], globs: tuple[str, ...]
) -> tuple[Tensor, ...]:
    """The tensors that `--patch` reads; empty for the first layer."""
    if outputs:
        return report.outputs
    return tuple(layer.output for layer in layers) if globs else ()


def _model() -> str:
    """The model where the command line names none. Raises a usage error where that is not one."""
    named = os.environ.get(_VARIABLE)
    if named:
        return named
    found = sorted(file.name for file in Path.cwd().iterdir() if file.suffix in _MODELS and file.is_file())
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.UsageError(f"no MODEL given, none in {_VARIABLE}, and none in the current folder")
    names = ", ".join(found[:5]) + (" ..." if len(found) > 5 else "")
    raise click.UsageError(f"no MODEL given, and the current folder holds {len(found)}: {names}; name one")
