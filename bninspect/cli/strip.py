"""`bninspect strip`: a model that serves one mode only."""

from __future__ import annotations

from pathlib import Path

import click

from bninspect.cli import options


@click.command(
    "strip",
    epilog="""
    \b
    Examples:
      bninspect strip model.pb -o serving.pb
      bninspect strip model.pb -o serving.pb --output logits
      bninspect strip model.pb -o serving.pb --no-verify     without TensorFlow
    """,
)
@options.model
@click.option("-o", "--out", "target", metavar="OUT", required=True, help="The file to write.")
@options.output
@click.option(
    "--mode",
    type=click.Choice(("inference", "training")),
    default="inference",
    show_default=True,
    help="The mode that the model is to serve.",
)
@click.option("--no-verify", is_flag=True, help="Do not compare the result with the original.")
@options.traceback
def command(path: str, target: str, outputs: tuple[str, ...], mode: str, no_verify: bool) -> None:
    """Write the model with every batch norm fixed in inference mode.

    Nothing of the other mode is left: no Switch, Merge or If on account of batch norm, no placeholder that
    decides, no update. With TensorFlow installed, the result is compared with the original on random
    inputs first; a model that would differ is not written. MODEL itself is never changed.
    """
    from bninspect.batchnorm import Mode, inspect
    from bninspect.errors import RewriteError
    from bninspect.graphdef import writer
    from bninspect.report.strip_text import summary
    from bninspect.rewrite.strip import strip
    from bninspect.variables import load

    report = inspect(load(path), outputs=outputs)
    if not report.layers:
        raise RewriteError(f"{path}: no batch norm to strip")
    _refuse_same(path, target)
    stripped = strip(report, Mode(mode))
    verification = None
    if not no_verify:
        from bninspect.probe.stripped import verify_stripped

        verification = verify_stripped(stripped, Mode(mode))
        if verification.state == "differs":
            raise RewriteError(
                f"{path}: the result differs from the original: {verification.reason}; not written"
            )
    size = writer.write(stripped.pruned.graphdef, Path(target))
    click.echo("\n".join(summary(stripped, verification, target, size)))


def _refuse_same(path: str, target: str) -> None:
    """The input is never touched."""
    from bninspect.errors import RewriteError

    if path != "-" and Path(target).exists() and Path(path).exists() and Path(path).samefile(target):
        raise RewriteError(f"{target}: is the model itself; name another file")
