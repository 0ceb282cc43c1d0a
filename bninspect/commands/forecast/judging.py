"""Which mode the numbers of a converted model are: those of one mode, of each as it is fed, or of neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.converters.fact import Serves
from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.commands.forecast.modes import Modes
    from bninspect.converters.forecast import ConverterForecast

    Array = NDArray[Any]

_FIXED = {Serves.INFERENCE: Mode.INFERENCE, Serves.TRAINING: Mode.TRAINING}


@frozen_dataclass
class Trial:
    """What one converter made of a model when it was run."""

    converter: str
    """Its name."""
    version: str | None
    """Of the package that was run."""
    serves: Serves | None
    """What the numbers of the converted model are; None if that is not known."""
    reason: str | None = None
    """Why it refused, or why that is not known."""
    difference: Mapping[str, float] | None = None
    """Mode -> greatest difference from it, as a share of the largest value."""


def judge_trial(
    values: Mapping[str, Sequence[Array]], modes: Modes, forecast: ConverterForecast, version: str | None
) -> Trial:
    """By what the converted model gives in each round: of all layers in one mode, else layer by layer as it
    was forecast.
    """
    apart = {
        at: {mode.value: difference(given, modes.values[mode]) for mode in modes.values}
        for at, given in values.items()
    }
    serves, reason = _served(apart, modes)
    if serves is Serves.OTHER and _is_as_forecast(values, modes, forecast):
        serves = forecast.serves
    if serves is Serves.OTHER and modes.draws:
        serves, reason = None, "training mode draws random numbers, so that no two runs agree"
    return Trial(
        converter=forecast.converter.name,
        version=version,
        serves=serves,
        reason=reason,
        difference=next(iter(apart.values())),
    )


def _served(apart: Mapping[str, Mapping[str, float]], modes: Modes) -> tuple[Serves | None, str | None]:
    """(what it serves, why that is not known), with all layers in one mode."""
    served = [
        (at, [mode for mode, far in found.items() if far <= modes.tolerance]) for at, found in apart.items()
    ]
    if any(len(found) > 1 for _, found in served):
        return None, "both modes give the same numbers"
    if modes.decided_inside:
        return None, "what decides is computed, and cannot be fed"
    alike = {tuple(found) for _, found in served}
    if len(alike) == 1 and served[0][1]:
        if len(served) == 1 and served[0][0] != "unfed":
            return None, "the original gives nothing to compare with in the other mode"
        return Serves(served[0][1][0]), None
    if all([at] == found for at, found in served):
        return Serves.ASKS, None
    return Serves.OTHER, None


def _is_as_forecast(values: Mapping[str, Sequence[Array]], modes: Modes, forecast: ConverterForecast) -> bool:
    """Whether the numbers are those of every layer in the mode that was forecast."""
    for at, given in values.items():
        wanted = list(_forecast_modes(modes, forecast, at))
        if None in wanted:
            return False
        expected = modes.given_by(tuple(mode for mode in wanted if mode is not None))
        if expected is None or difference(given, expected) > modes.tolerance:
            return False
    return True


def _forecast_modes(modes: Modes, forecast: ConverterForecast, at: str) -> Iterator[Mode | None]:
    by_name = {layer.name: group.serves for group in forecast.groups for layer in group.layers}
    for layer in modes.report.layers:
        serves = by_name.get(layer.name)
        yield modes.mode_in(layer, at) if serves is Serves.ASKS else _FIXED.get(serves) if serves else None


def difference(values: Sequence[Array], expected: Sequence[Array]) -> float:
    """The greatest difference as a share of the largest value; infinity where shapes differ."""
    worst = 0.0
    for value, wanted in zip(values, expected, strict=True):
        if value.size != wanted.size:
            return float("inf")
        largest = float(np.abs(wanted).max(initial=0.0)) or 1.0
        far = np.abs(value.reshape(wanted.shape).astype(np.float64) - wanted).max(initial=0.0)
        worst = max(worst, float(far) / largest if np.isfinite(far) else float("inf"))
    return worst
