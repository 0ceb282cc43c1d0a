"""`bninspect graph`: where every batch norm is, which branch serves which mode, and what decides."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from bninspect.cli import options
from bninspect.escaping import printable_lines
from bninspect.options import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.commands.graph import GraphOptions
    from bninspect.render.line import Item


@options.command(
    "graph",
    epilog="""
    \b
    Examples:
      bninspect graph model.pb                        the verdict, and each group of layers once
      bninspect graph model.pb --all                  every layer
      bninspect graph model.pb --layer 'block1/*'     the wiring and the numbers of these layers
      bninspect graph model.pb --layer bn/cond/Merge:0    a pasted node or tensor name
      bninspect graph models/                         a row for each model
      bninspect graph model.pb --output logits --format json
      cat model.pb | bninspect graph -
    """,
)
@options.models
@options.layer
@click.option("--all", "everything", is_flag=True, help="List every layer and every note.")
@options.output
@click.option(
    "--signature",
    metavar="NAME",
    help="What this signature runs; otherwise serving_default, else all of them.",
)
@options.output_format("table", "json")
@options.traceback
def command(paths: tuple[str, ...], form: str, everything: bool, **asked: Any) -> int:
    """Show which mode every batch norm runs in, and what decides it.

    MODEL is a GraphDef (binary or text), a MetaGraph, a checkpoint, a SavedModel, a Keras file, or a folder
    of them; `-` reads standard input. It is only read, never run; a Keras file without a graph has to be
    loaded, which needs TensorFlow.
    """
    from bninspect.collector import collector_held_off
    from bninspect.commands.graph import GraphOptions, models_named

    chosen = record(GraphOptions, asked)
    found = models_named(paths)
    with collector_held_off():
        if len(found) == 1:
            return _show_one(found[0], chosen, everything, form)
        if chosen.layers:
            raise click.UsageError(f"--layer draws the layers of one model, and there are {len(found)}")
        return show_each(found, chosen, everything=everything, form=form)


def _show_one(path: str, chosen: GraphOptions, everything: bool, form: str) -> int:
    from bninspect.collector import left_to_collector
    from bninspect.commands.graph import inspect_model

    result = left_to_collector(inspect_model(path, chosen))
    if form == "json":
        from bninspect.render.json import graph_pieces

        sys.stdout.writelines([*graph_pieces(result.report, result.layers), "\n"])
        return 0
    from bninspect.render.console import standard_output
    from bninspect.render.graph.screen import render_graph, render_layers

    if chosen.layers:
        standard_output().write(render_layers(result.layers))
    else:
        standard_output().write(render_graph(result.report, everything=everything))
    return 0


def show_each(
    paths: tuple[str, ...],
    chosen: GraphOptions | None = None,
    *,
    everything: bool = False,
    form: str = "table",
    behind: Sequence[Item] = (),
) -> int:
    """A row for each of several models, and the lines `behind` them. Of each model only what is shown is
    kept.
    """
    from bninspect.commands.graph import Unread, inspect_each
    from bninspect.render.console import standard_output
    from bninspect.render.graph.many import Models, model_row
    from bninspect.render.json import dumps, graphs_document, one_of_several
    from bninspect.render.waiting import waiting

    shown: list[Any] = []
    bugs: list[str] = []
    failed = False
    with waiting("inspecting", "models") as tell:
        tell(0, len(paths))
        for number, result in enumerate(inspect_each(paths, chosen), 1):
            shown.append(one_of_several(result) if form == "json" else model_row(result))
            failed |= isinstance(result, Unread)
            bugs += [result.bug] if isinstance(result, Unread) and result.bug else []
            tell(number, len(paths))
    if form == "json":
        click.echo(dumps(graphs_document(shown)))
    else:
        standard_output().write([Models(shown, everything), *behind])
    for bug in bugs:
        click.echo(printable_lines(bug), err=True)
    return 3 if bugs else 2 if failed else 0
