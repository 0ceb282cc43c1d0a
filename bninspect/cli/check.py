"""`bninspect check`: may this model ship? An exit code for continuous integration."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bninspect import files
from bninspect.cli import inputs, options
from bninspect.cli.options import pages
from bninspect.escaping import printable, printable_lines
from bninspect.options import Count

if TYPE_CHECKING:
    from bninspect.commands.check.baseline import Baseline
    from bninspect.commands.check.result import CheckResult, ModelResult


@options.command(
    "check",
    epilog="""
    \b
    Examples:
      bninspect check model.pb
      bninspect check models/ --deploy --fail-on warning
      bninspect check 'exports/**/*.pb' --format sarif > findings.sarif
      bninspect check model.pb --image photos/ --preprocess tf
      bninspect check models/ --baseline bninspect-baseline.json --update-baseline

    \b
    Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 a model could not be checked; 3 a bug of ours.
    """,
)
@click.argument("paths", metavar="MODEL|DIR|GLOB...", nargs=-1, required=True, type=click.Path())
@inputs.options
@options.output
@click.option(
    "--select",
    metavar="CODES",
    multiple=True,
    shell_complete=options.codes,
    help="Only these rules, by code, beginning of one or name: BN201,BN1. Repeatable.",
)
@click.option(
    "--ignore",
    metavar="CODES",
    multiple=True,
    shell_complete=options.codes,
    help="Not these rules.",
)
@options.fail_on
@click.option("--deploy", is_flag=True, help="The model is to be shipped: what is left to the caller counts.")
@options.momentum
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(),
    help="Known findings: they are counted, and do not fail the check.",
)
@click.option(
    "--update-baseline",
    is_flag=True,
    help="Write what is found now into the baseline, and remove what is gone.",
)
@click.option("--statistics", is_flag=True, help="Count the findings of each rule.")
@click.option("--verbose", is_flag=True, help="Every model, every layer, and every rule that did not run.")
@click.option(
    "--markdown",
    "summary",
    metavar="FILE",
    type=click.Path(),
    help="Write the report of --format markdown into this file, too.",
)
@options.exit_zero
@click.option(
    "--jobs",
    type=options.parameter(Count),
    metavar="N",
    help="At most so many models side by side; otherwise as many as there are processors, up to 8, and one "
    "where models are run. The output is the same.",
)
@pages.html
@options.output_format("text", "concise", "json", "sarif", "junit", "github", "markdown")
@options.traceback
@click.pass_context
def command(context: click.Context, /, paths: tuple[str, ...], form: str, **asked: Any) -> int:
    """Check models for batch norm that would serve wrong results.

    The file alone is read; with images, the model is run, too, and its statistics compared with what it
    sees (this needs TensorFlow).
    """
    from bninspect.cli.configuration.config import Config
    from bninspect.cli.configuration.settings import refuse_unmatched, settings
    from bninspect.commands.check.many_models import check_all
    from bninspect.commands.paths import models
    from bninspect.render.waiting import waiting
    from bninspect.rules import Severity

    config: Config = context.obj or Config()
    work = settings(models(paths), config, context)
    old = _baseline(asked["baseline"], asked["update_baseline"])
    targets, sections = pages.Targets(html=asked["html"]), pages.Sections()
    for one in work if targets.files else ():
        targets.prepare(one.path, () if one.request is None else one.request.files)
    with waiting("checking", "models") as tell:
        done = count(1)
        tell(0, len(work))

        def take(result: ModelResult) -> None:
            tell(next(done), len(work))
            if targets.html is not None:
                sections.add(result if old is None else old.marked((result,))[0])

        results = check_all(work, asked["jobs"], take)
    refuse_unmatched(config, results)
    result = replace(
        _against(old, results, asked["update_baseline"]),
        fail_on=Severity(asked["fail_on"]),
        probe_required="probe" in config.require,
    )
    if targets.html is not None:
        from bninspect.render.check.words import summary

        files.write(targets.html, [sections.page(summary(result).text).encode()])
    if asked["summary"] is not None:
        from bninspect.render.ci.markdown import markdown

        files.write(asked["summary"], [markdown(result).encode(errors="backslashreplace")])
    _print(result, form, asked)
    _print_bugs(results)
    return result.exit_code(asked["exit_zero"])


def _baseline(name: str | None, update: bool) -> Baseline | None:
    """The known findings; None where no file of them was named."""
    from bninspect.commands.check.baseline import read

    if name is not None:
        return read(Path(name), may_be_absent=update)
    if update:
        raise click.UsageError("--update-baseline needs --baseline FILE, the file to write")
    return None


def _against(old: Baseline | None, results: tuple[ModelResult, ...], update: bool) -> CheckResult:
    """The results beside what is known, which is written anew where that was asked for."""
    from bninspect.commands.check.result import CheckResult

    if old is None:
        return CheckResult(models=results)
    if update:
        before, old = old, old.renewed(results)
        old.write()
        click.echo(f"bninspect: {printable(old.written(before))}", err=True)
    return CheckResult(models=old.marked(results), stale=old.stale(results), compared=True)


def _print_bugs(results: tuple[ModelResult, ...]) -> None:
    """The tracebacks on standard error, behind the report: each with the model that met it."""
    for model in results:
        if model.bug is not None:
            line = f"bninspect: {model.error}; please report it with the traceback above"
            click.echo(f"{printable_lines(model.bug)}{printable(line)}", err=True)


def _print(result: CheckResult, form: str, asked: dict[str, Any]) -> None:
    """The report on standard output: for a person, as JSON, or as `render.ci` has a file for the format."""
    if form == "text":
        from bninspect.render.check.text import lines
        from bninspect.render.console import standard_output

        shown = lines(result, statistics=asked["statistics"], verbose=asked["verbose"])
        standard_output().write(shown)
    elif form == "json":
        from bninspect.render.check.document import check_document
        from bninspect.render.json import dumps

        click.echo(dumps(check_document(result)))
    else:
        written = getattr(import_module(f"bninspect.render.ci.{form}"), form)
        click.echo(written(result), nl=False)
