"""bninspect: which batch-norm branch does a frozen TensorFlow model serve, and are its statistics any good?

The functions are the commands of that name. They take a path or a graph that `load` gave, and print nothing:

    inspect(model)           where every batch norm is, which branch serves which mode, and what decides
    probe(model, images=)    how far training and inference mode differ on images, layer by layer
    check(model)             may it ship? What is wrong, and what to do
    strip(model, target)     a model that serves inference only
    refresh(model, target, images=)    statistics re-estimated from images
    diff(old, new)           what moved between two checkpoints
    forecast(model)          what converters will make of it, before one is run

What they return is plain data: `to_dict()` is what `--format json` prints, `to_frame()` a table of pandas,
and a notebook shows the verdict and a table. A wrong option raises OptionError, a ValueError; whatever
else cannot be done raises another BninspectError, in one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.version import __version__

# Nothing heavy is imported here: a name is loaded when it is first used.
_HOMES = {
    "bninspect.api.check": ("check", "CheckReport"),
    "bninspect.api.diff": ("diff", "DiffReport"),
    "bninspect.api.forecast": ("forecast", "ForecastReport"),
    "bninspect.api.inspection": ("inspect", "InspectReport"),
    "bninspect.api.probe": ("probe", "ProbeReport"),
    "bninspect.api.refresh": ("refresh", "write_moments", "RefreshReport"),
    "bninspect.api.strip": ("strip", "StripReport"),
    "bninspect.batchnorm.comparison.change": ("StatisticsChange", "TensorChange"),
    "bninspect.batchnorm.comparison.comparison": ("LayerMove", "Trains", "Verdict"),
    "bninspect.batchnorm.layer": (
        "BatchNorm", "Lookalike", "State", "Statistics", "StoredStatistics", "SwitchGroup",
        "Unrecognised",
    ),
    "bninspect.batchnorm.mode": ("Form", "Mode"),
    "bninspect.batchnorm.switch": ("ModeSwitch", "Predicate"),
    "bninspect.commands.check.result": ("Found", "ModelResult"),
    "bninspect.commands.forecast.judging": ("Trial",),
    "bninspect.commands.refresh.estimates": ("Certainty", "Estimates"),
    "bninspect.commands.refresh.refreshed": ("Row",),
    "bninspect.converters.fact": ("Converter", "Serves"),
    "bninspect.converters.forecast": ("ConverterForecast", "GroupForecast"),
    "bninspect.errors": (
        "Absent", "BninspectError", "CutShortError", "GraphDefError", "InputError", "OptionError",
        "PackageError", "RewriteError", "RunError", "SelectionError",
    ),
    "bninspect.graph": ("Graph", "Tensor"),
    "bninspect.inputs.request": ("Request",),
    "bninspect.measure.facts": (
        "Gap", "InputFact", "LayerMeasurement", "OutputDifference", "Patch", "ProbedLayer", "Verification",
    ),
    "bninspect.models.open": ("load",),
    "bninspect.rewrite.specialize": ("LayerChange",),
    "bninspect.rules.judge": ("NotRun",),
    "bninspect.rules.rule": ("Finding", "Severity"),
    "bninspect.statistics.distance": ("Difference",),
    "bninspect.statistics.staleness": ("Staleness",),
}  # fmt: skip
"""Module -> the public names that live in it."""
_RENAMED = {
    "Comparison": "DiffReport",
    "Refreshed": "RefreshReport",
    "Report": "InspectReport",
    "StripResult": "StripReport",
}
"""Names of version 0.1 -> what bears another name now."""
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_MODULES)]

if TYPE_CHECKING:
    from bninspect.api.check import CheckReport as CheckReport, check as check
    from bninspect.api.diff import DiffReport as DiffReport, diff as diff
    from bninspect.api.forecast import ForecastReport as ForecastReport, forecast as forecast
    from bninspect.api.inspection import InspectReport as InspectReport, inspect as inspect
    from bninspect.api.probe import ProbeReport as ProbeReport, probe as probe
    from bninspect.api.refresh import (
        RefreshReport as RefreshReport,
        refresh as refresh,
        write_moments as write_moments,
    )
    from bninspect.api.strip import StripReport as StripReport, strip as strip
    from bninspect.batchnorm.comparison.change import (
        StatisticsChange as StatisticsChange,
        TensorChange as TensorChange,
    )
    from bninspect.batchnorm.comparison.comparison import (
        LayerMove as LayerMove,
        Trains as Trains,
        Verdict as Verdict,
    )
    from bninspect.batchnorm.layer import (
        BatchNorm as BatchNorm,
        Lookalike as Lookalike,
        State as State,
        Statistics as Statistics,
        StoredStatistics as StoredStatistics,
        SwitchGroup as SwitchGroup,
        Unrecognised as Unrecognised,
    )
    from bninspect.batchnorm.mode import Form as Form, Mode as Mode
    from bninspect.batchnorm.switch import ModeSwitch as ModeSwitch, Predicate as Predicate
    from bninspect.commands.check.result import Found as Found, ModelResult as ModelResult
    from bninspect.commands.forecast.judging import Trial as Trial
    from bninspect.commands.refresh.estimates import Certainty as Certainty, Estimates as Estimates
    from bninspect.commands.refresh.refreshed import Row as Row
    from bninspect.converters.fact import Converter as Converter, Serves as Serves
    from bninspect.converters.forecast import (
        ConverterForecast as ConverterForecast,
        GroupForecast as GroupForecast,
    )
    from bninspect.errors import (
        Absent as Absent,
        BninspectError as BninspectError,
        CutShortError as CutShortError,
        GraphDefError as GraphDefError,
        InputError as InputError,
        OptionError as OptionError,
        PackageError as PackageError,
        RewriteError as RewriteError,
        RunError as RunError,
        SelectionError as SelectionError,
    )
    from bninspect.graph import Graph as Graph, Tensor as Tensor
    from bninspect.inputs.request import Request as Request
    from bninspect.measure.facts import (
        Gap as Gap,
        InputFact as InputFact,
        LayerMeasurement as LayerMeasurement,
        OutputDifference as OutputDifference,
        Patch as Patch,
        ProbedLayer as ProbedLayer,
        Verification as Verification,
    )
    from bninspect.models.open import load as load
    from bninspect.rewrite.specialize import LayerChange as LayerChange
    from bninspect.rules.judge import NotRun as NotRun
    from bninspect.rules.rule import Finding as Finding, Severity as Severity
    from bninspect.statistics.distance import Difference as Difference
    from bninspect.statistics.staleness import Staleness as Staleness


def __getattr__(name: str) -> Any:
    name = _RENAMED.get(name, name)
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from bninspect.api.fields import with_fields

    found = globals()[name] = with_fields(getattr(import_module(_MODULES[name]), name))
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
