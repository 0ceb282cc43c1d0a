"""`bninspect forecast`: what converters will make of a model's batch norm, before one is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bninspect.cli import inputs, options

if TYPE_CHECKING:
    from collections.abc import Iterator


@options.command(
    "forecast",
    epilog="""
    \b
    Examples:
      bninspect forecast model.pb
      bninspect forecast model.pb --for openvino,coreml
      bninspect forecast model.pb --try                run the converters that are installed
      bninspect forecast model.pb --format markdown
    """,
)
@options.model
@click.option(
    "--for",
    "converters",
    metavar="NAMES",
    multiple=True,
    help="Only these converters: openvino, coreml, tflite, tf2onnx, opencv, tensorrt. Repeatable.",
)
@click.option(
    "--try",
    "attempt",
    is_flag=True,
    help="Run the converters that are installed, and compare what they made with both modes of MODEL.",
)
@inputs.feed
@inputs.allow_op
@options.output_format("table", "json", "markdown")
@options.traceback
def command(
    path: str,
    converters: tuple[str, ...],
    attempt: bool,
    feeds: tuple[str, ...],
    allowed_ops: tuple[str, ...],
    form: str,
) -> None:
    """Show what each converter will make of every batch norm: inference, TRAINING, or a refusal.

    Some converters change the mode of a layer and say nothing. MODEL is only read, and compared with what the
    converters were seen to do with layers written as these are; --try runs them (this needs TensorFlow), on
    values that are made up, but for those of --feed.
    """
    from bninspect.commands.forecast.forecasting import ForecastOptions, forecast_model
    from bninspect.converters.table import NAMES
    from bninspect.errors import OptionError
    from bninspect.render.waiting import waiting

    named = tuple(_names(converters))
    if converters and not named:
        raise OptionError(f"--for names no converter: give one or several of {', '.join(NAMES)}")
    chosen = ForecastOptions(converters=named, attempt=attempt, feeds=feeds, allowed_ops=allowed_ops)
    with waiting("trying the converters"):
        result = forecast_model(path, chosen)
    if form == "json":
        from bninspect.render.forecast.document import forecast_document
        from bninspect.render.json import dumps

        click.echo(dumps(forecast_document(result)))
    elif form == "markdown":
        from bninspect.render.forecast.markdown import forecast_markdown

        click.echo(forecast_markdown(result), nl=False)
    else:
        from bninspect.render.console import standard_output
        from bninspect.render.forecast.screen import render_forecast

        standard_output().write(render_forecast(result))


def _names(given: tuple[str, ...]) -> Iterator[str]:
    """Each name of `a,b`."""
    return (name for text in given for name in text.replace(",", " ").split())
