"""`bninspect refresh`: statistics re-estimated from images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bninspect.cli import inputs, options
from bninspect.cli.options import pages
from bninspect.options import Count, Positive, Share, record

if TYPE_CHECKING:
    from bninspect.commands.refresh.refreshed import Refreshed
    from bninspect.inputs.request import Request

_NOT_OF_PARTS = (
    ("mix", "--mix", "old statistics"),
    ("prior", "--prior", "old statistics"),
    ("html", "--html", "page"),
    ("form", "--format", "document"),
)
"""Options that `--moments` does not take: parameter, option, and what a part lacks."""


@options.command(
    "refresh",
    epilog="""
    \b
    Examples:
      bninspect refresh model.pb -o better.pb --image photos/ --preprocess tf
      bninspect refresh model.pb -o serving.pb --image photos/ --strip
      bninspect refresh model.pb -o better.pb --image photos/ --layer 'block7/*'
      bninspect refresh model.pb --moments part1.npz --image photos/part1/
      bninspect refresh model.pb -o better.pb --merge part*.npz
    """,
)
@options.model
@click.option("-o", "--out", "target", metavar="OUT", help="The file to write.")
@inputs.options
@options.output
@options.layer
@click.option(
    "--mix",
    type=options.parameter(Share),
    default=0.0,
    show_default=True,
    metavar="A",
    help="Keep this share of the old statistics: A * old + (1 - A) * new, of mean and variance each.",
)
@click.option(
    "--prior",
    type=options.parameter(Count),
    metavar="N",
    help="Let the old statistics count as N images, for a new domain with few.",
)
@click.option(
    "--until",
    type=options.parameter(Positive),
    metavar="W",
    help="End as soon as the standard error of every layer is at most W standard deviations.",
)
@click.option(
    "--jobs",
    type=options.parameter(Count),
    metavar="N",
    help="Run images in N processes of one thread each.",
)
@click.option(
    "--engine",
    metavar="NAME",
    help="What runs them: loky, dask:ADDRESS, ray or spark (extra parallel, and the engine).",
)
@click.option(
    "--parts",
    "part_folder",
    metavar="DIR",
    help="Keep there what was measured: the same command goes on where it was ended.",
)
@click.option("--batches", type=options.parameter(Count), metavar="N", help="Only the first N batches.")
@click.option("--shuffle", is_flag=True, help="Run the images in a random order, which --seed decides.")
@click.option("--strip", "stripped", is_flag=True, help="Write what `bninspect strip` makes of the result.")
@click.option(
    "--moments",
    "part",
    metavar="PART.npz",
    help="Write the moments of these images, as a part of a large set, and no model.",
)
@click.option(
    "--merge",
    "parts",
    metavar="PART.npz",
    multiple=True,
    help="Take the moments of these parts in place of images. Repeatable, or followed by more of them.",
)
@click.argument("more", metavar="", nargs=-1, type=click.Path())
@click.option("--all", "everything", is_flag=True, help="List every layer.")
@click.option(
    "--unfrozen",
    is_flag=True,
    help="Accept a model whose moving statistics alone are variables without values.",
)
@click.option("--no-check", is_flag=True, help="Do not run `check` on the result.")
@pages.html
@options.output_format("table", "json")
@options.traceback
def command(
    path: str,
    target: str | None,
    part: str | None,
    parts: tuple[str, ...],
    more: tuple[str, ...],
    form: str,
    **asked: Any,
) -> None:
    """Write the model with moving statistics that are measured on your images.

    The weights stay as they are. The layers (with --layer those) run in training mode over all images, and
    the mean and variance of what each normalizes replace its moving statistics. No other byte changes, and
    MODEL itself is never changed. The result is run on some of the images and checked.

    Use images of training, prepared as in training, in batches of the same size (32 by default): what a
    layer sees in training mode depends on which images share a batch.
    """
    from bninspect.commands.refresh.plan import RefreshOptions
    from bninspect.commands.refresh.refresh import refresh, write_moments
    from bninspect.render.waiting import waiting

    if more and not parts:
        inputs.refuse_stray(more, parts=more[0].endswith(".npz"))
    parts += more
    request = _request(asked, target, part, parts)
    targets = pages.Targets(html=asked["html"])
    targets.prepare(path, parts if request is None else request.files)
    chosen = record(RefreshOptions, asked, checked=not asked["no_check"])
    if part is not None and request is not None:
        from bninspect.render.refresh.text import of_part

        with waiting("running training mode") as tell:
            found = write_moments(path, part, request, chosen, tell)
        click.echo("\n".join(of_part(found, part)))
    elif target is not None:
        with waiting("running training mode") as tell:
            done = refresh(path, target, request, chosen, parts=parts, progress=tell)
        if targets.files:
            from bninspect.commands.report.of_commands import facts_of_refresh

            targets.write(facts_of_refresh(done))
        _show(done, form, everything=asked["everything"])


def _show(done: Refreshed, form: str, *, everything: bool) -> None:
    if form == "json":
        from bninspect.render.json import dumps
        from bninspect.render.refresh.document import refresh_document

        click.echo(dumps(refresh_document(done)))
    else:
        from bninspect.render.console import standard_output
        from bninspect.render.refresh.screen import render_refreshed

        standard_output().write(render_refreshed(done, everything=everything))


def _request(
    asked: dict[str, Any], target: str | None, part: str | None, parts: tuple[str, ...]
) -> Request | None:
    """What to run; None where parts are merged. Raises a usage error for options that do not go together."""
    if (target is None) == (part is None):
        raise click.UsageError(
            "name the model to write with -o OUT, or the part to write with --moments PART.npz"
            + (", not both" if part is not None else "")
        )
    for name, option, what in _NOT_OF_PARTS:
        if part is not None and inputs.on_command_line(name):
            raise click.UsageError(
                f"--moments and {option}: a part has no {what}; give {option} with --merge"
            )
    if not parts:
        return inputs.request(asked)
    if part is not None:
        raise click.UsageError("--merge and --moments: parts are made of images, not of parts")
    _refuse_of_images()
    return None


def _refuse_of_images() -> None:
    """Raises a usage error for an option that says which images are run, or how: parts were made so."""
    from dataclasses import fields

    from bninspect.inputs.request import Request

    names = {"until", "jobs", "engine", "part_folder", *(field.name for field in fields(Request))}
    for parameter in click.get_current_context().command.params:
        if parameter.name in names and inputs.on_command_line(parameter.name):
            raise click.UsageError(
                f"--merge and {parameter.opts[0]}: parts take the place of images; leave one of the two out"
            )
