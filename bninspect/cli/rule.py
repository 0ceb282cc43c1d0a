"""`bninspect rule`: what each rule looks for, why, and what to do."""

from __future__ import annotations

import click

from bninspect.cli import options


@options.command(
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
    from bninspect.commands.rule import explain_rules
    from bninspect.render.rule import rule_document, rule_lines, rule_markdown

    result = explain_rules(code)
    if form == "json":
        from bninspect.render.json import dumps

        click.echo(dumps(rule_document(result)))
    elif form == "markdown":
        click.echo(rule_markdown(result))
    else:
        from bninspect.render.console import standard_output

        standard_output().write(rule_lines(result))
