"""TensorProto -> read-only NumPy array, on demand, without a copy where the file holds the values as they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bninspect.errors import GraphDefError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

