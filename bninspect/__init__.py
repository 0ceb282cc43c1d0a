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
    from bninspect.batchnorm.moved import Comparison, diff
    from bninspect.check.refresh import refresh, write_moments
    from bninspect.check.refreshed import Refreshed
    from bninspect.errors import BninspectError, GraphDefError
    from bninspect.graphdef import Graph
    from bninspect.probe.inputs import Request
    from bninspect.probe.opened import load
    from bninspect.probe.stripping import StripResult, strip

_HOMES = {
    "BatchNorm": "bninspect.batchnorm",
    "Report": "bninspect.batchnorm",
    "inspect": "bninspect.batchnorm",
    "BninspectError": "bninspect.errors",
    "GraphDefError": "bninspect.errors",
    "Graph": "bninspect.graphdef",
    "load": "bninspect.probe.opened",
    "Comparison": "bninspect.batchnorm.moved",
    "diff": "bninspect.batchnorm.moved",
    "Request": "bninspect.probe.inputs",
    "refresh": "bninspect.check.refresh",
    "write_moments": "bninspect.check.refresh",
    "Refreshed": "bninspect.check.refreshed",
    "StripResult": "bninspect.probe.stripping",
    "strip": "bninspect.probe.stripping",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
