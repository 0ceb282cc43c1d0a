"""Graph -> Graph: every layer fixed in a mode, then only what the outputs need. Pure: no TensorFlow."""

from __future__ import annotations

from bninspect.rewrite.prune import Pruned, dtype_of
from bninspect.rewrite.specialize import LayerChange, Specialization, specialize

__all__ = ["LayerChange", "Pruned", "Specialization", "dtype_of", "specialize"]
