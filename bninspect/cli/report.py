"""`bninspect report`: one page to look at, in one file."""

from __future__ import annotations

from typing import Any

import click

from bninspect.cli import inputs, options
from bninspect.cli.options import pages


@options.command(
    "report",
    epilog="""
    \b
    Examples:
      bninspect report model.pb -o report.html
      bninspect report model.pb --image photos/ --preprocess tf -o report.html
      bninspect report new.pb --against old.pb --image photos/ -o report.html
    """,
)
@options.model
@click.option("-o", "--out", "target", metavar="FILE.html", required=True, help="The page to write.")
@inputs.options
@options.output
@click.option("--against", metavar="OTHER", type=click.Path(), help="An older file of the same graph.")
@click.option("--patch", metavar="SLICE", help="Show these numbers of both modes, such as 0,22:28,22:28,0.")
@pages.overlays
@options.momentum
@options.traceback
def command(path: str, target: str, **asked: Any) -> None:
    """Write one page about a model: a map of its layers, how they are wired, what is wrong and how to fix it.

    MODEL is what `bninspect graph` reads. Without images the page shows what is in the file; with images it
    shows what both modes do with them, which needs TensorFlow. The page needs no network and no server. Exit
    code 2 if the model cannot be run; the page is written all the same.
    """
    from bninspect.collector import collector_held_off
    from bninspect.errors import RunError

    with collector_held_off():
        targets, failure = _write(path, target, asked)
    for file in targets.files:
        click.echo(f"written: {file}")
    if failure is not None:
        raise RunError(f"{failure} (the page shows what is in the file)")


def _write(path: str, target: str, asked: dict[str, Any]) -> tuple[pages.Targets, str | None]:
    """The files, written, and why the model could not be run; None where it was, or was not to be."""
    from bninspect.cli.configuration.settings import settings_of
    from bninspect.collector import left_to_collector
    from bninspect.commands.report.report import report_model
    from bninspect.render.waiting import waiting

    targets = pages.Targets.asked({**asked, "html": target})
    request = inputs.request(asked) if inputs.asks_to_run(asked) else None
    against = asked["against"]
    read = () if request is None else request.files
    targets.prepare(path, (*read, against) if against else read)
    config = click.get_current_context().obj
    settings = settings_of(path, asked, config, request=request, keep=True)
    with waiting("running both modes") as tell:
        facts = left_to_collector(
            report_model(settings, against=against, patch=asked["patch"], progress=tell)
        )
    targets.write(facts)
    return targets, facts.result.error
