"""Simulated quantization in a graph that trains no more: it rounds within the range that was learned.

While a model trains, the range of a FakeQuant op is an update of the variable that holds it, and a count of
the steps decides whether it rounds at all. A frozen graph learns no range and counts no steps. Source:
tensorflow/contrib/quantize/python/quant_ops.py, where an inference graph reads the variables themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.recognition.quantization.fake_quant import FAKE_QUANTS, delayed_from
from bninspect.batchnorm.wiring.predicates.predicate import COMPARISONS, analyse
from bninspect.graph.ops import mutates
from bninspect.graph.search import reach
from bninspect.graph.trace import same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm.wiring.conditions import Conditions, Join
    from bninspect.graph import Node, Tensor
    from bninspect.graph.graph import Use
    from bninspect.rewrite.edits import Edits


_COUNTS = {"AssignAdd": "Add", "AssignSub": "Sub"}
_READ_BY = frozenset({"Cast"}) | COMPARISONS


def hold_updates(edits: Edits) -> None:
    """No FakeQuant op and no predicate reads an update: a range is what it was before, a count of steps what
    it would be after.
    """
    for node in edits.graph:
        if node.op in _COUNTS and _decides(node, edits):
            counted = edits.add(f"{node.name}/held", _COUNTS[node.op], node.inputs, T=node.attr("T", "float"))
            edits.redirect(node.output(), counted)
        if node.op in FAKE_QUANTS:
            for slot, tensor in enumerate(node.inputs[1:], start=1):
                update = same(tensor).node
                if mutates(update.op) and update.inputs:
                    edits.override(node, slot, update.inputs[0])


def hold_read(edits: Edits, read: Node, handle: Tensor, changed: Node, dtype: str) -> bool:
    """Makes what is read of a variable behind its update what `hold_updates` makes of the update itself.

    False where it is neither a range nor a count.
    """
    uses = _uses(read, edits)
    if uses and all(use.node.op.removesuffix("Gradient") in FAKE_QUANTS and use.slot for use in uses):
        edits.redirect(read.output(), handle)
        return True
    counting = _COUNTS.get(changed.op.replace("VariableOp", ""))
    if counting is None or not _decides(read, edits):
        return False
    held = edits.add(f"{read.name}/held", counting, (handle, changed.inputs[1]), T=dtype)
    edits.redirect(read.output(), held)
    return True


def _decides(count: Node, edits: Edits) -> bool:
    """Whether what reads the count compares it."""
    uses = _uses(count, edits)
    return bool(uses) and all(use.node.op in _READ_BY for use in uses)


def _uses(node: Node, edits: Edits) -> list[Use]:
    """What reads the node, past nodes that only hand it on."""
    uses = edits.graph.uses
    handing = reach([node], lambda one: (use.node for use in uses(one) if use.node.op == "Identity"))
    return [use for one in handing for use in uses(one) if use.node.op != "Identity"]


def decided_delays(edits: Edits, conditions: Conditions) -> Iterator[tuple[Join, bool]]:
    """The Merges that only choose whether to round, where the file fixes what they choose, with the value of
    their predicate's source.
    """
    delays = (node for node in edits.graph if delayed_from(node) is not None)
    for join in filter(None, map(conditions.join, delays)):
        constant = analyse(join.predicate).constant
        if constant is not None:
            yield join, constant != conditions.base(join.predicate)[1]
