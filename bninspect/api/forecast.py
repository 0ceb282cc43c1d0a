"""`bninspect.forecast`: what each converter will make of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from bninspect.api.keywords import takes
from bninspect.api.shown import Shown, said
from bninspect.commands.forecast.forecasting import ForecastOptions, forecast_model
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.render.forecast.document import forecast_document
from bninspect.render.forecast.screen import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bninspect.api.keywords import Model, Names
    from bninspect.commands.forecast.judging import Trial
    from bninspect.converters.forecast import ConverterForecast
    from bninspect.errors import Absent


@frozen_dataclass(eq=False)
class ForecastReport(Shown):
    """What converters will make of every batch norm of a model. Iterating gives `converters`."""

    ROWS: ClassVar = "converters"
    COLUMNS: ClassVar = ("name", "versions", "serves", "changes_mode")

    path: str
    """Of the model, as it was given."""
    converters: tuple[ConverterForecast, ...]
    """One for each converter and range of versions."""
    fix: str | None
    """A command of bninspect, or words, that brings all of them to inference; None if that is what they
    serve."""
    stripped: tuple[ConverterForecast, ...]
    """The forecast of the model as `strip` writes it, if that is the fix; else empty."""
    trials: tuple[Trial, ...]
    """What the installed converters made of the model when they were run; empty without `attempt`."""
    untried: tuple[Absent, ...]
    """The converters that were to be run and could not be."""

    def __iter__(self) -> Iterator[ConverterForecast]:
        return iter(self.converters)


@takes(ForecastOptions)
def forecast(
    model: Model,
    *,
    converters: Names = (),
    attempt: bool = False,
    feeds: Names | Mapping[str, float | bool | str] = (),
    allowed_ops: Names = (),
) -> ForecastReport:
    """Returns what each converter will make of every batch norm of a model: inference, training, a refusal.

    As `bninspect forecast`. `model` is a path or a graph that `load` gave, and only read: it is compared with
    what the converters were seen to do with layers that are written as its layers are. `attempt` runs those
    that are installed, as `--try` does, which needs TensorFlow; the values are made up, but for `feeds`.

        report = bninspect.forecast("model.pb", converters=["openvino", "coreml"])
        for row in report:
            print(row.converter.title, row.serves.value, row.groups[0].reason)

    Raises GraphDefError for a file that cannot be read, BninspectError where it has no batch norm or cannot
    be run, OptionError for a value that an option cannot have.
    """
    options = ForecastOptions(
        converters=converters,  # type: ignore[arg-type]
        attempt=attempt,
        feeds=feeds,  # type: ignore[arg-type]
        allowed_ops=allowed_ops,  # type: ignore[arg-type]
    )
    result = forecast_model(model, options)
    return ForecastReport(
        verdict=said((verdict(result),))[0],
        document=forecast_document(result),
        path=result.report.graph.graphdef.path,
        converters=result.forecasts,
        fix=result.fix,
        stripped=result.stripped,
        trials=result.seen,
        untried=result.untried,
    )
