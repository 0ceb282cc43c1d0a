"""The forecast for a model as JSON, schema_version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.render.json import head, model, unrecognised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.commands.forecast.forecasting import ForecastResult
    from bninspect.commands.forecast.judging import Trial
    from bninspect.converters.forecast import ConverterForecast, GroupForecast
    from bninspect.render.json import Document


def forecast_document(result: ForecastResult) -> Document:
    """The document of `forecast`."""
    return {
        **head(),
        "model": model(result.report.graph, result.report.outputs),
        "converters": _converters(result.forecasts),
        "unrecognised": unrecognised(result.report),
        "fix": result.fix,
        "stripped": _converters(result.stripped),
        "tried": [_seen(one) for one in result.seen],
        "skipped": [{"converter": one.what, "reason": one.reason} for one in result.untried],
    }


def _converters(forecasts: Sequence[ConverterForecast]) -> list[Document]:
    return [
        {
            "name": one.converter.name,
            "versions": one.converter.versions,
            "tested": one.converter.tested,
            "serves": one.serves.value,
            "changes_mode": bool(one.changed),
            "groups": [_group(group) for group in one.groups],
        }
        for one in forecasts
    ]


def _group(group: GroupForecast) -> Document:
    return {
        "layers": [layer.name for layer in group.layers],
        "serves": group.serves.value,
        "reason": group.reason,
        "nodes": list(group.nodes),
        "changes_mode": group.changes_mode,
    }


def _seen(one: Trial) -> Document:
    return {
        "converter": one.converter,
        "version": one.version,
        "serves": None if one.serves is None else one.serves.value,
        "reason": one.reason,
        "difference": None if one.difference is None else dict(one.difference),
    }
