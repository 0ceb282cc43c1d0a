"""`bninspect rule`: what each rule looks for, why, and what to do."""

from __future__ import annotations

import json

import click

from bninspect.cli import options


@click.command(
    "rule",
    epilog="""
    \b
    Examples:
      bninspect rule              every rule, a line each
      bninspect rule BN201        one rule: what it does, why it is bad, what to do instead
      bninspect rule --format json
    """,
)
@click.argument("code", metavar="[CODE]", required=False, shell_complete=options.codes)
@options.output_format("text", "markdown", "json")
@options.traceback
def command(code: str | None, form: str) -> None:
    """Explain the rules of `check`.

    CODE is a code, the beginning of one (BN2), or a rule's name.
    """
    from bninspect.rules import select

    chosen = select((code,) if code is not None else ())
    if form == "json":
        told = [
            {"code": rule.code, "name": rule.name, "severity": rule.severity.value, "summary": rule.summary}
            | ({"page": rule.page.strip()} if code is not None else {})
            for rule in chosen
        ]
        click.echo(json.dumps(told, indent=2))
    elif code is None:
        for rule in chosen:
            mark = f"# {rule.code} " if form == "markdown" else f"{rule.code}  {rule.severity.value:<8} "
            click.echo(f"{mark}{rule.name}: {rule.summary}")
    else:
        for rule in chosen:
            click.echo(f"# {rule.code} {rule.name} ({rule.severity.value})\n\n{rule.page.strip()}\n")
