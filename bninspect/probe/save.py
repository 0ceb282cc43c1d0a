"""`--save FILE.npz`: arrays to a file, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def save(path: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes the arrays under their names, beside the target first, then in its place. Raises OSError."""
    target = Path(path)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, **dict(arrays))  # type: ignore[arg-type]
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The permissions this process takes from new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
