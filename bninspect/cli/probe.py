"""`bninspect probe`: how far training and inference mode differ on the user's images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bninspect.cli import inputs, options
from bninspect.cli.options import pages
from bninspect.options import Switching, record

if TYPE_CHECKING:
    from bninspect.cli.configuration.config import Config

_VARIABLE = "BNINSPECT_MODEL"
_MODELS = (".pb", ".pbtxt", ".meta", ".keras", ".h5", ".hdf5")


def _given_or_only(context: click.Context, parameter: click.Parameter, path: str | None) -> str:
    return options.configured(context, parameter, path or _model(context.obj))


def _model(config: Config | None) -> str:
    """The model where the command line names none. Raises a usage error where that is not one."""
    named = (config and config.model) or os.environ.get(_VARIABLE)
    if named:
        return named
    found = sorted(file.name for file in Path.cwd().iterdir() if file.suffix in _MODELS and file.is_file())
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.UsageError(f"no MODEL given, none in {_VARIABLE}, and none in the current folder")
    names = ", ".join(found[:5]) + (" ..." if len(found) > 5 else "")
    raise click.UsageError(f"no MODEL given, and the current folder holds {len(found)}: {names}; name one")


@click.command(
    "probe",
    cls=inputs.OneModelCommand,
    first="Inputs",
    epilog="""
    \b
    Examples:
      bninspect probe model.pb --image photo.jpg
      bninspect probe model.pb --image photo.jpg --patch 0,22:28,22:28,0
      bninspect probe model.pb --image photos/ --preprocess tf --size 224x224
      bninspect probe model.pb --random 8 --feed keep_prob=1.0 --output logits --format json
    """,
)
@click.argument(
    "path", metavar="[MODEL]", required=False, type=click.Path(), is_eager=True, callback=_given_or_only
)
@inputs.options
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
    type=options.parameter(Switching),
    default="layers",
    show_default=True,
    help="layers: batch norm alone changes its mode; graph: whatever reads what decides it (dropout), too.",
)
@options.momentum
@click.option(
    "--sort",
    type=click.Choice(("graph", "score")),
    help="Layers in the order of the graph (the default of JSON), or the worst first (of the table).",
)
@click.option("--all", "everything", is_flag=True, help="List every layer, output and reason.")
@click.option("--save", metavar="FILE.npz", help="Save the outputs of both modes, and what was measured.")
@pages.html
@pages.overlays
@options.output_format("table", "json")
@options.traceback
def command(path: str, form: str, everything: bool, **asked: Any) -> None:
    """Run the model in training and in inference mode, and show how far they differ.

    MODEL is what `bninspect graph` reads; without it, `model` of the configuration, BNINSPECT_MODEL or the
    only model in the current folder. Only ops on the allow-list run. This needs TensorFlow.
    """
    from bninspect.cli.configuration.settings import severities
    from bninspect.commands.probe.probe import ProbeOptions, probe_model
    from bninspect.measure.measured import worst_first
    from bninspect.render.waiting import waiting

    request = inputs.request(asked)
    targets = pages.Targets.asked(asked)
    targets.prepare(path, request.files)
    chosen = record(ProbeOptions, asked, seen=targets.html is not None)
    graver = severities(click.get_current_context().obj)
    with waiting("running both modes") as tell:
        result = probe_model(path, request, chosen, tell, graver)
    if targets.files:
        from bninspect.commands.report.of_commands import facts_of_probe

        targets.write(facts_of_probe(result.case))
    sort = asked["sort"] or ("graph" if form == "json" else "score")
    found = worst_first(result.probe) if sort == "score" else result.probe
    if form == "json":
        from bninspect.render.json import dumps
        from bninspect.render.probe.document import probe_document

        click.echo(dumps(probe_document(found, result.diagnosis)))
        return
    from bninspect.render.console import standard_output
    from bninspect.render.probe.screen import render_probe

    standard_output().write(render_probe(found, result.diagnosis, everything=everything))
