"""`bninspect MODEL [IMAGE ...]`: what a model is at first sight, without the name of a command."""

from __future__ import annotations

from typing import Any

import click

from bninspect.cli import inputs, options


class OverviewCommand(options.SectionedCommand):
    """The command without a name: the model stands where the name of a command would."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage("bninspect", "MODEL [IMAGE]... [OPTIONS]")


@click.command(
    "MODEL",
    cls=OverviewCommand,
    first="Inputs",
    epilog="""
    \b
    Examples:
      bninspect model.pb
      bninspect model.pb photo.jpg
      bninspect model.pb photos/ --preprocess tf --size 224x224
      bninspect ./report                a folder that is called like a command
    """,
)
@click.argument("path", metavar="MODEL", type=click.Path(), is_eager=True, callback=options.configured)
@click.argument("pictures", metavar="[IMAGE]...", nargs=-1, type=click.Path())
@inputs.options
@options.output
@options.traceback
def command(path: str, pictures: tuple[str, ...], **asked: Any) -> int:
    """The verdict on a model, what `check` finds in the file, and the command to type next. With images,
    what `probe` measures on them, too.
    """
    from bninspect.commands.graph import models_named

    asked["images"] = (*pictures, *asked["images"])
    found = models_named([path])
    run = inputs.asks_to_run(asked)
    if len(found) > 1:
        if run:
            raise click.UsageError(f"{path} holds {len(found):,} models; `bninspect check` runs several")
        return _show_several(path, found)
    from bninspect.cli.configuration.settings import settings_of
    from bninspect.collector import collector_held_off
    from bninspect.commands.overview import measure, overview
    from bninspect.render.console import standard_output
    from bninspect.render.line import Line
    from bninspect.render.overview import render_overview

    settings = settings_of(found[0], asked, click.get_current_context().obj)
    request = inputs.request(asked) if run else None
    with collector_held_off():
        seen = overview(settings)
    screen = standard_output()
    screen.write(render_overview(seen, measured=run))
    if request is not None:
        from bninspect.render.probe.screen import render_probe
        from bninspect.render.waiting import waiting

        with waiting("running both modes") as tell:
            result = measure(seen.report, settings, request, tell)
        screen.write([Line(), *render_probe(result.probe, result.diagnosis)])
    return 0


def _show_several(path: str, found: tuple[str, ...]) -> int:
    """A row for each model of a folder, and the command to type next."""
    from shlex import quote

    from bninspect.cli.graph import show_each
    from bninspect.collector import collector_held_off
    from bninspect.render.line import Line

    following = Line(f"bninspect check {quote(path)}", label="next: ", whole=True)
    with collector_held_off():
        return show_each(found, behind=(Line(), following))
