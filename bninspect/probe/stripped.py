"""Whether a stripped model gives what the original gives, fed for the same mode, on seeded random inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.layer import Mode
from bninspect.errors import BninspectError
from bninspect.graphdef.writer import serialized
from bninspect.probe import safety
from bninspect.probe.facts import Verification
from bninspect.probe.inputs import Request, bind
from bninspect.probe.program import needed
from bninspect.probe.session import Session
from bninspect.probe.verify import apart

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from bninspect.graphdef import Tensor
    from bninspect.rewrite.strip import Stripped

_IMAGES = 2


def verify_stripped(
    stripped: Stripped, mode: Mode, *, seed: int = 0, allowed: Collection[str] = ()
) -> Verification:
    """`verified` with the greatest difference at any output, `differs`, or `impossible` with the reason."""
    flipped = [change.layer.name for change in stripped.changes if change.what == "flipped"]
    if flipped:
        reason = f"the original has no {mode.value} mode to compare with: {flipped[0]} is fixed to the other"
        return Verification(state="impossible", reason=reason)
    try:
        return _compared(stripped, mode, seed, allowed)
    except BninspectError as error:
        told = str(error).partition("; if you trust")[0]
        return Verification(state="impossible", reason=told)


def _compared(stripped: Stripped, mode: Mode, seed: int, allowed: Collection[str]) -> Verification:
    report = stripped.report
    decided = _decided(stripped, mode)
    nodes = report.graph.ancestors(tensor.node for tensor in report.outputs)
    inputs = bind(report.graph, nodes, report.layers, Request(random=_IMAGES, seed=seed), set(decided))
    batch = next(iter(inputs.batches()))
    original = needed(report.graph.graphdef, [*_original_names(report.outputs), *decided])
    safety.check(original, allowed)
    with Session(serialized(original)) as theirs, Session(serialized(stripped.pruned.graphdef)) as ours:
        old = theirs.run(_original_names(report.outputs), {**batch, **decided})
        kept = {node.name for node in stripped.pruned.graphdef.nodes}
        fed = {name: value for name, value in batch.items() if name.partition(":")[0] in kept}
        new = ours.run([stripped.pruned.names[tensor] for tensor in report.outputs], fed)
    largest = 0.0
    for tensor, a, b in zip(report.outputs, new, old, strict=True):
        difference, allowance = apart(a, b)
        if difference > allowance:
            reason = f"{tensor.name} differs by {difference:.3g} from the original"
            return Verification(state="differs", max_abs=difference, tensor=tensor.name, reason=reason)
        largest = max(largest, difference)
    return Verification(state="verified", max_abs=largest)


def _original_names(outputs: tuple[Tensor, ...]) -> list[str]:
    return [tensor.name for tensor in outputs]


def _decided(stripped: Stripped, mode: Mode) -> dict[str, NDArray[Any]]:
    """What to feed the original, so that it serves the mode."""
    found: dict[str, NDArray[Any]] = {}
    for layer in stripped.report.layers:
        if layer.switch is not None and layer.switch.predicate.source is not None:
            source = layer.switch.predicate.source
            dtype = {"bool": np.bool_, "int32": np.int32, "int64": np.int64}.get(
                str(source.node.attr("dtype")), np.bool_
            )
            found[source.name] = np.asarray(layer.switch.training_when == (mode is Mode.TRAINING), dtype)
    return found
