"""Where a page comes from: the versions of what computed its numbers, and the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen_dataclass
class Origin:
    """What stands below a page, so that it can be made again."""

    versions: Mapping[str, str]
    """Name of a program -> its version."""
    command: str
    """As a shell takes it."""


def origin(command: str, *, ran: bool) -> Origin:
    """The origin of a page that this process makes; TensorFlow is named where a model was run."""
    versions = {
        "bninspect": __version__,
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "numpy": np.__version__,
    }
    if ran:
        from bninspect.run import session

        versions["TensorFlow"] = session.version()
    return Origin(versions=versions, command=command)
