"""`probe --format json`: both modes' distance as a document with a version, for programs to read.

What needs moments of every layer (`own`, `deployed`, `guilty`) is null until it is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.report.json import SCHEMA_VERSION, model, tool

if TYPE_CHECKING:
    from bninspect.probe.compare import Difference
    from bninspect.probe.facts import Probe

Document = dict[str, Any]

_VERIFICATION = {
    "state": "verified",
    "max_abs": 0.0,
    "reason": "the original itself ran, fed by its own predicate; nothing was rewritten",
}
_NOT_RUN = {"state": "impossible", "max_abs": None, "reason": "no layer can be switched, so nothing was run"}


def probe_document(probe: Probe) -> Document:
    """The document of `probe`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": tool(),
        "model": model(probe.report.graph, probe.report.outputs),
        "inputs": [
            {
                "name": fact.name,
                "dtype": fact.dtype,
                "shape": list(fact.shape),
                "source": list(fact.source),
                "preprocess": fact.preset,
            }
            for fact in probe.inputs
        ],
        "fed": dict(probe.fed),
        "verification": _VERIFICATION if probe.ran else _NOT_RUN,
        "layers": [
            {
                "name": one.layer.name,
                "values": one.values,
                "images": one.images,
                "own": None,
                "deployed": None,
                "difference": one.difference
                and {
                    "max_abs": one.difference.max_abs,
                    "rms": one.difference.rms,
                    "relative_rms": one.difference.relative_l2,
                },
            }
            for one in probe.layers
        ],
        "guilty": None,
        "outputs": [{"name": one.name, **_difference(one.difference)} for one in probe.outputs],
        "patches": [
            {
                "tensor": one.tensor,
                "slice": one.slice,
                "training": one.training.tolist(),
                "inference": one.inference.tolist(),
            }
            for one in probe.patches
        ],
        "diagnosis": [],
        "skipped": [{"what": skip.what, "reason": skip.reason} for skip in probe.skipped],
    }


def _difference(difference: Difference) -> Document:
    return {
        "max_abs": difference.max_abs,
        "mean_abs": difference.mean_abs,
        "rms": difference.rms,
        "relative_l2": difference.relative_l2,
        "cosine": difference.cosine,
        "top1_agreement": difference.top1_agreement,
    }
