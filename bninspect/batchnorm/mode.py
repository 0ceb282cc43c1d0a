"""The two words that tell layers apart: what one normalizes with, and how it is written."""

from __future__ import annotations

from enum import Enum


class Mode(str, Enum):
    """What a layer normalizes with: the batch at hand, stored statistics, or what a predicate says."""

    TRAINING = "training"
    INFERENCE = "inference"
    SWITCHED = "switched"


class Form(str, Enum):
    """How the layer is written: one fused op, a chain of arithmetic, the op of 2015, or folded into the
    convolution before it.
    """

    FUSED = "fused"
    DECOMPOSED = "decomposed"
    GLOBAL = "global"
    FOLDED = "folded"
