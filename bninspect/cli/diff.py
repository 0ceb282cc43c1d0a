"""`bninspect diff`: what moved between two checkpoints, or models, of one graph."""

from __future__ import annotations

import click

from bninspect.cli import options
from bninspect.cli.options import pages


@options.command(
    "diff",
    epilog="""
    \b
    Examples:
      bninspect diff run/model.ckpt-1000 run/model.ckpt-20000
      bninspect diff before.pb after.pb --format json
      bninspect diff model.ckpt-0.meta model.ckpt-20   a .meta serves checkpoints that have none

    \b
    Exit codes: 0 nothing at or above --fail-on; 1 findings (BN501, BN502); 2 not comparable.
    """,
)
@click.argument("old", metavar="OLD", type=click.Path())
@click.argument("new", metavar="NEW", type=click.Path())
@options.fail_on
@options.exit_zero
@click.option("--all", "everything", is_flag=True, help="List every layer and every note.")
@pages.html
@options.output_format("table", "json", "markdown")
@options.traceback
@click.pass_context
def command(
    context: click.Context,
    /,
    old: str,
    new: str,
    fail_on: str,
    exit_zero: bool,
    form: str,
    everything: bool,
    html: str | None,
) -> int:
    """Compare two checkpoints, or models, of one graph, layer by layer.

    How far weights, gamma, beta and moving statistics moved from OLD to NEW, and where weights moved while
    the statistics of a layer that normalizes with its batch did not (BN501), or went back to their initial
    values (BN502). Layers are matched by name, else by graph order and shapes. The files are only read,
    never run.
    """
    from bninspect.cli.configuration.config import Config
    from bninspect.cli.configuration.settings import allowances, severities
    from bninspect.commands.check.result import CheckResult
    from bninspect.commands.diff.pair import compare
    from bninspect.rules import Severity

    targets = pages.Targets(html=html)
    targets.prepare(new, [old])
    config = context.obj or Config()
    result = compare(old, new, allowances(config, new), severities(config))
    if targets.files:
        from bninspect.commands.report.of_commands import facts_of_pair

        targets.write(facts_of_pair(result))
    if form == "json":
        from bninspect.render.diff.document import diff_document
        from bninspect.render.json import dumps

        click.echo(dumps(diff_document(result)))
    elif form == "markdown":
        from bninspect.render.diff.markdown import diff_markdown

        click.echo(diff_markdown(result), nl=False)
    else:
        from bninspect.render.console import standard_output
        from bninspect.render.diff.screen import render_diff

        standard_output().write(render_diff(result, everything=everything))
    return CheckResult(models=(result.result,), fail_on=Severity(fail_on)).exit_code(exit_zero)
