"""The whole of `forecast`: read the model, apply the facts, try the converters if asked to, name the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.converters.forecast import ConverterForecast, forecast
from bninspect.converters.table import NAMES
from bninspect.errors import Absent, OptionError, damage_named
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.models.open import load
from bninspect.options import Assignments, Checked, Texts, refuse_unknown
from bninspect.rewrite.strip import require_layers
from bninspect.rules.conversion import for_converters

if TYPE_CHECKING:
    from os import PathLike

    from bninspect.batchnorm import Report
    from bninspect.commands.forecast.judging import Trial
    from bninspect.graph import Graph


@frozen_dataclass
class ForecastOptions(Checked):
    """Which converters, and whether they are run. Raises OptionError for a name that is none."""

    converters: Texts = ()
    """Names of converters, as `--for` takes them; empty: all of them."""
    attempt: bool = False
    """Whether those that are installed are run on the model."""
    feeds: Assignments = ()
    """What they and the model are fed where values cannot be made up, as `--feed` takes it."""
    allowed_ops: Texts = ()
    """Ops to run besides those of the allow-list, as `--allow-op` takes them."""

    def refuse_contradictions(self) -> None:
        refuse_unknown(self.converters, NAMES, "--for")
        for given, option in ((self.feeds, "--feed"), (self.allowed_ops, "--allow-op")):
            if given and not self.attempt:
                raise OptionError(f"{option} is for --try: without it nothing is run")


@frozen_dataclass(eq=False)
class ForecastResult:
    """What converters would make of a model, and what brings all of them to inference."""

    report: Report
    forecasts: tuple[ConverterForecast, ...]
    fix: str | None
    """A command of ours, or what does it in words; None if every forecast is inference, or nothing helps."""
    stripped: tuple[ConverterForecast, ...]
    """The forecast of the model as `strip` writes it, if that is the fix; else empty."""
    seen: tuple[Trial, ...]
    """What the converters that were tried made of it."""
    untried: tuple[Absent, ...]
    """The converters that were to be tried and could not be."""


def forecast_model(
    model: str | PathLike[str] | Graph, options: ForecastOptions | None = None
) -> ForecastResult:
    """The forecast for one model, given by its path or as a graph.

    Raises BninspectError where it cannot be read, has no batch norm, or cannot be run and is to be.
    """
    options = options or ForecastOptions()
    report = inspect(load(model))
    require_layers(report, "forecast")
    with damage_named(report.graph.graphdef.path):
        found = forecast(report, options.converters)
        fix, stripped = for_converters(report, found)
    seen: tuple[Trial, ...] = ()
    untried: tuple[Absent, ...] = ()
    if options.attempt:
        from bninspect.commands.forecast.trial import try_converters

        seen, untried = try_converters(report, found, options.feeds, options.allowed_ops)
    return ForecastResult(
        report=report,
        forecasts=found,
        fix=fix,
        stripped=stripped,
        seen=seen,
        untried=untried,
    )
