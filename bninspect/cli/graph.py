"""`bninspect graph`: where every batch norm is, which branch serves which mode, and what decides."""

from __future__ import annotations

import click

from bninspect.cli import options


@click.command(
    "graph",
    epilog="""
    \b
    Examples:
      bninspect graph model.pb
      bninspect graph model.pb --layer 'resnet_v1_50/conv1/*'   one layer: its wiring and its numbers
      bninspect graph model.pb --layer bn/cond/Merge:0          a pasted node or tensor name
      bninspect graph model.pb --output logits --format json
      cat model.pb | bninspect graph -
    """,
)
@options.model
@options.layer
@options.output
@click.option(
    "--signature",
    metavar="NAME",
    help="What this signature runs; otherwise serving_default, else all of them.",
)
@options.output_format("table", "json")
@options.traceback
def command(
    path: str, globs: tuple[str, ...], outputs: tuple[str, ...], signature: str | None, form: str
) -> None:
    """Show where every batch norm is, and what decides its mode.

    MODEL is a GraphDef (binary or text), a MetaGraph, a checkpoint, a SavedModel or a Keras file; `-` reads
    standard input. It is only read, never run; a Keras file alone has to be loaded, which needs TensorFlow.
    """
    from bninspect.collector import collector_held_off

    if outputs and signature is not None:
        raise click.UsageError("--output and --signature both say what is looked at: give one of them")
    with collector_held_off():
        _show(path, globs, outputs, signature, form)


def _show(
    path: str, globs: tuple[str, ...], outputs: tuple[str, ...], signature: str | None, form: str
) -> None:
    from bninspect.commands.graph import inspect_model

    result = inspect_model(path, outputs=outputs, signature=signature, globs=globs)
    if form == "json":
        from bninspect.render.json import dumps, graph_document

        click.echo(dumps(graph_document(result.report, result.layers)))
        return
    from bninspect.render.console import standard_output
    from bninspect.render.graph.screen import render_graph, render_layers

    standard_output().write(render_layers(result.layers) if globs else render_graph(result.report))
