"""Graph -> BatchNorm layers, lookalikes, and what could not be decided. Pure: no TensorFlow, no printing."""

from __future__ import annotations

from bninspect.batchnorm.branches import Branch
from bninspect.batchnorm.inspection import inspect
from bninspect.batchnorm.layer import (
    BatchNorm,
    Lookalike,
    Report,
    State,
    Statistics,
    SwitchGroup,
    Unrecognised,
)
from bninspect.batchnorm.mode import Form, Mode
from bninspect.batchnorm.switch import ModeSwitch, Predicate

__all__ = [
    "BatchNorm",
    "Branch",
    "Form",
    "Lookalike",
    "Mode",
    "ModeSwitch",
    "Predicate",
    "Report",
    "State",
    "Statistics",
    "SwitchGroup",
    "Unrecognised",
    "inspect",
]
