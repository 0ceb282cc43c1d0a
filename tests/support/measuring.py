"""What a measurement is made of where no model is run: inputs that give nothing, and a layer's own error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.inputs.inputs import Inputs
from bninspect.measure.facts import LayerMeasurement
from bninspect.statistics.distance import Meter
from bninspect.statistics.pooling import ImageMoments
from bninspect.statistics.staleness import staleness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.statistics.distance import Difference

NOTHING = Inputs(place=None, pictures=None, batch_size=1, preset=None, feeds={}, said={})


def off_by(deviations: float | None) -> LayerMeasurement:
    """64 images that do not differ, against statistics 0 and 1; None: there are none to compare with."""
    moments = ImageMoments.of([[deviations or 0.0] * 3] * 64, [[1.0] * 3] * 64, 9)
    found = None if deviations is None else staleness([0.0] * 3, [1.0] * 3, None, None, moments)
    return LayerMeasurement(moments=moments, staleness=found)


def difference(training: NDArray[Any], inference: NDArray[Any]) -> Difference:
    """The Difference of two arrays of equal shape. Raises ValueError for one without real numbers."""
    meter = Meter()
    meter.add(training, inference)
    found = meter.difference()
    if found is None:
        raise ValueError("only real numbers are subtracted, and at least one of them")
    return found
