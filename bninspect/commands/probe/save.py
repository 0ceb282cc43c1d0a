"""`--save FILE.npz`: arrays to a file, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.files import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def save(path: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes the arrays under their names. Raises OSError."""
    with whole(Path(path)) as stream:
        np.savez(stream, **dict(arrays))  # type: ignore[arg-type]
