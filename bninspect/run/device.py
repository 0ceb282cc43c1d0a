"""Which device TensorFlow may use: the processor, unless a GPU is asked for before TensorFlow loads.

Numbers of a processor are the same from run to run; those of a GPU agree to tolerance only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from bninspect.errors import RunError

if TYPE_CHECKING:
    from bninspect.options import Device

_HIDDEN = ("CUDA_VISIBLE_DEVICES", "-1")
_chosen: list[Device] = ["cpu"]


def use(device: Device) -> None:
    """What runs models from now on in this process; it has to be said before the first one runs."""
    _chosen[0] = device


def hide() -> None:
    """Hides the GPUs from TensorFlow, which is about to load, unless one is asked for."""
    if _chosen[0] == "cpu":
        os.environ.setdefault(*_HIDDEN)


def refuse_missing(tensorflow: Any) -> None:
    """Raises RunError if a GPU is asked for and TensorFlow sees none."""
    if _chosen[0] == "gpu" and not tensorflow.config.list_physical_devices("GPU"):
        hidden = os.environ.get(_HIDDEN[0])
        why = f" ({_HIDDEN[0]} is {hidden!r})" if hidden is not None else ""
        raise RunError(f"--device gpu: TensorFlow {tensorflow.__version__} sees no GPU here{why}")
