"""What helps a model whose conversion is forecast to go wrong: `strip`, but only where it changes a verdict.

A converter that refuses a model for what strip leaves in it refuses the stripped model, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.missing import missing_weights
from bninspect.converters.fact import Serves
from bninspect.converters.forecast import ConverterForecast, forecast
from bninspect.rules.remedies import stripped, to_inference
from bninspect.rules.rule import Case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm import Report


def for_converters(
    report: Report, forecasts: Sequence[ConverterForecast]
) -> tuple[str | None, tuple[ConverterForecast, ...]]:
    """(what brings converters to inference, the forecasts of the model that strip then writes).

    No fix where all of them serve inference, or strip would change no verdict. No forecasts where the fix is
    not strip alone: weights are missing, or strip refuses.
    """
    if all(one.serves is Serves.INFERENCE for one in forecasts):
        return None, ()
    fix = to_inference(Case(report=report, deploy=True))
    if missing_weights(report) is not None:
        return fix, ()
    after = _after_strip(report, {one.converter.name for one in forecasts})
    if [one.serves for one in after] == [one.serves for one in forecasts]:
        return None, ()
    return fix, after


def _after_strip(report: Report, names: set[str]) -> tuple[ConverterForecast, ...]:
    """The forecasts of what strip would write; empty where it refuses, or no layer is left to be seen."""
    written = stripped(report)
    return () if isinstance(written, str) or not written.layers else forecast(written, names)
