"""bninspect: which batch-norm branch does a frozen TensorFlow model serve, and are its statistics any good?

The public Python API. Nothing heavy is imported here: the names below are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "BatchNorm",
    "BninspectError",
    "Comparison",
    "Graph",
    "GraphDefError",
    "Refreshed",
    "Report",
    "Request",
    "StripResult",
    "__version__",
    "diff",
    "inspect",
    "load",
    "refresh",
    "strip",
    "write_moments",
]

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm, Report, inspect
    from bninspect.batchnorm.comparison.comparison import Comparison, diff
    from bninspect.commands.refresh.refresh import refresh, write_moments
    from bninspect.commands.refresh.refreshed import Refreshed
    from bninspect.commands.strip.stripping import StripResult, strip
    from bninspect.errors import BninspectError, GraphDefError
    from bninspect.graph import Graph
    from bninspect.inputs.request import Request
    from bninspect.models.open import load

_HOMES = {
    "BatchNorm": "bninspect.batchnorm",
    "Report": "bninspect.batchnorm",
    "inspect": "bninspect.batchnorm",
    "BninspectError": "bninspect.errors",
    "GraphDefError": "bninspect.errors",
    "Graph": "bninspect.graph",
    "load": "bninspect.models.open",
    "Comparison": "bninspect.batchnorm.comparison.comparison",
    "diff": "bninspect.batchnorm.comparison.comparison",
    "Request": "bninspect.inputs.request",
    "refresh": "bninspect.commands.refresh.refresh",
    "write_moments": "bninspect.commands.refresh.refresh",
    "Refreshed": "bninspect.commands.refresh.refreshed",
    "StripResult": "bninspect.commands.strip.stripping",
    "strip": "bninspect.commands.strip.stripping",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
