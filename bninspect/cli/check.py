"""`bninspect check`: may this model ship? An exit code for continuous integration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bninspect.cli import inputs, options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.check.gate import Settings
    from bninspect.check.result import CheckResult, ModelResult
    from bninspect.cli.config import Config


@click.command(
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
    Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 a model could not be checked.
    """,
)
@click.argument("paths", metavar="MODEL|DIR|GLOB...", nargs=-1, required=True)
@inputs.options
@options.output
@click.option("--select", "chosen", metavar="CODES", multiple=True, help="Only these rules: BN201,BN1.")
@click.option("--ignore", "ignored", metavar="CODES", multiple=True, help="Not these rules.")
@click.option(
    "--fail-on",
    type=click.Choice(("error", "warning", "note")),
    default="error",
    show_default=True,
    help="What makes the exit code 1.",
)
@click.option("--deploy", is_flag=True, help="The model is to be shipped: what is left to the caller counts.")
@click.option(
    "--momentum",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="M",
    help="Of the moving averages, where the file does not tell it.",
)
@click.option("--baseline", metavar="FILE", help="Known findings, which do not fail the check.")
@click.option("--update-baseline", is_flag=True, help="Write what is found now into the baseline.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 in spite of findings.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=lambda: os.cpu_count() or 1,
    show_default="the processors",
    metavar="N",
    help="Models checked side by side.",
)
@options.output_format("text", "json", "sarif", "junit", "github")
@options.traceback
@click.pass_context
def command(context: click.Context, /, paths: tuple[str, ...], form: str, **asked: Any) -> int:
    """Check models for batch norm that would serve wrong results.

    The file alone is read; with images, the model is run, too, and its statistics compared with what it
    sees (this needs TensorFlow).
    """
    from bninspect.check import baseline
    from bninspect.check.gate import check_all, known
    from bninspect.check.paths import models
    from bninspect.check.result import CheckResult
    from bninspect.errors import BninspectError
    from bninspect.report.progress import progress
    from bninspect.rules import Severity

    config: Config = context.obj
    work = [_settings(path, config, context, asked) for path in models(paths)]
    _refuse_idle(config, work)
    target = None if asked["baseline"] is None else Path(asked["baseline"])
    if target is None and asked["update_baseline"]:
        raise BninspectError("--update-baseline needs --baseline FILE, the file to write")
    old = None if target is None or asked["update_baseline"] else baseline.read(target)
    with progress(len(work), "models") as done:
        results: tuple[ModelResult, ...] = check_all(work, asked["jobs"], lambda result: done())
    if target is not None and asked["update_baseline"]:
        _write(target, baseline.text(target, results))
        old = baseline.read(target)
    if old is not None:
        results = known(results, old.knows)
    result = CheckResult(models=results, stale=() if old is None else old.stale(results))
    fail_on = Severity(asked["fail_on"])
    _print(result, form, fail_on, asked["statistics"])
    return result.exit_code(fail_on, asked["exit_zero"])


def _settings(path: str, config: Config, context: click.Context, asked: dict[str, Any]) -> Settings:
    """How one model is checked: the command line, then the sections about this model, then the defaults."""
    from bninspect.check.gate import Allowance, Settings
    from bninspect.cli.defaults import parameters

    asked = dict(asked)
    sections = config.sections(path)
    known = parameters(context.command)
    for section in sections:
        for key, value in section.options.items():
            option = known[key]
            name = option.name or ""
            if context.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
                value = [str(one) for one in value] if isinstance(value, list) else value
                several = value if isinstance(value, list) or not option.multiple else [str(value)]
                asked[name] = option.type_cast_value(context, several)
    probed = bool(asked["images"] or asked["count"] or asked["feeds"])
    return Settings(
        path=path,
        outputs=tuple(asked["outputs"]),
        chosen=_codes(asked["chosen"]),
        ignored=_codes(asked["ignored"]),
        deploy=asked["deploy"],
        momentum=asked["momentum"],
        allowances=tuple(
            Allowance(code=one.code, layer=one.layer, reason=one.reason)
            for section in sections
            for one in section.allow
        ),
        request=inputs.request(asked) if probed else None,
        allowed_ops=tuple(asked["allowed"]),
    )


def _codes(given: Sequence[str]) -> tuple[str, ...]:
    """`BN201,BN1` and repeated options alike."""
    return tuple(code.strip() for text in given for code in text.split(",") if code.strip())


def _refuse_idle(config: Config, work: Sequence[Settings]) -> None:
    """Codes that are none are refused before anything runs."""
    from bninspect.errors import BninspectError, SelectionError
    from bninspect.rules import select

    for settings in work:
        select(settings.chosen, settings.ignored)
    for section in config.models:
        for allowed in section.allow:
            try:
                select((allowed.code,))
            except SelectionError as error:
                raise BninspectError(f"{config.path}: {error}") from None


def _write(path: Path, text: str) -> None:
    """The file appears whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _print(result: CheckResult, form: str, fail_on: Any, statistics: bool) -> None:
    """The report on standard output."""
    if form == "text":
        from bninspect.report.check_terminal import print_lines
        from bninspect.report.check_text import lines
        from bninspect.report.terminal import standard_output

        print_lines(standard_output()[0], lines(result, statistics))
    elif form == "json":
        from bninspect.report.check_json import check_document
        from bninspect.report.json import dumps

        click.echo(dumps(check_document(result)))
    elif form == "sarif":
        from bninspect.report.sarif import sarif

        click.echo(sarif(result), nl=False)
    elif form == "junit":
        from bninspect.report.junit import junit

        click.echo(junit(result, fail_on), nl=False)
    else:
        from bninspect.report.github import github

        click.echo(github(result), nl=False)
