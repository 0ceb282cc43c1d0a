"""The formula of batch norm behind a convolution with scaled weights, for each choice of its conditionals.

    convolution(input, W*gamma*R) * r + c + (beta - mean*gamma*R)        r, c: corrections; 1 and 0 are none

`expansion` multiplies this out, `formula` compares it. Where a predicate chooses r and c, or the
statistics, there is one reading under each of its values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.recognition import formula
from bninspect.batchnorm.recognition.formula import Term
from bninspect.batchnorm.recognition.quantization.expansion import Convolved, Expansion, Root, holds_only
from bninspect.graph import Tensor
from bninspect.graph.ops import VARIABLES
from bninspect.graph.trace import value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bninspect.batchnorm.recognition.quantization.products import Sum
    from bninspect.batchnorm.recognition.quantization.unscaled import Unscaled
    from bninspect.batchnorm.wiring.conditions import Conditions, Join
    from bninspect.graph import Node

Readings = dict[bool | None, "Reading"]
"""The formula under each value of the predicate that decides; under None where none has a say."""


class Reading(NamedTuple):
    """The formula as it stands for one choice of the conditionals."""

    match: formula.Match
    root: Root
    expansion: Expansion
    weights: Tensor
    """Those of the convolution, without the scale."""


def readings_at(
    node: Node, nodes: Mapping[Node, int], conditions: Conditions, unscaled: Unscaled, *, ones: bool
) -> Readings | None:
    """The formula at this node; None where it is not there, or hangs on several predicates."""
    plain = Expansion(nodes, conditions, {}, ones=ones)
    reading = _read(node, plain, unscaled)
    if not plain.open:
        return None if reading is None else {None: reading}
    if len(plain.open) > 1:
        return None
    (source,) = plain.open
    found: Readings = {}
    for taken in (True, False):
        expansion = Expansion(nodes, conditions, {source: taken}, ones=ones)
        reading = _read(node, expansion, unscaled)
        if reading is None or expansion.open:
            return None
        found[taken] = reading
    return found


def _read(node: Node, expansion: Expansion, unscaled: Unscaled) -> Reading | None:
    """The formula of batch norm at a node, for one choice."""
    total = expansion.of(node.output())
    weights = expansion.of(unscaled.convolution.inputs[1])
    kernel = None if weights is None else expansion.kernel(weights)
    if total is None or kernel is None:
        return None
    kernel = expansion.written[kernel]
    x = unscaled.by(kernel)
    written = _terms(total, x)
    match = None if written is None else formula.read(node.output(), tuple(written[1]))
    if written is None or match is None or match.x != x:
        return None
    if len(match.gamma) > 1 or (match.beta is not None and not _is_kept(match.beta)):
        return None
    match = replace(match, mean=expansion.settled(match.mean))
    return Reading(match, written[0], expansion, kernel)


def _terms(total: Sum, x: Tensor) -> tuple[Root, list[Term]] | None:
    """The one root among the terms, and the terms as `formula` reads them; None where they are others."""
    roots = {one for product in total for one, _ in product if isinstance(one, Root)}
    if len(roots) != 1:
        return None
    found = []
    for product, factor in total.items():
        if abs(factor) != 1 or any(power != 1 for _, power in product):
            return None
        factors = tuple(x if isinstance(one, Convolved) else one for one, _ in product if one not in roots)
        tensors = tuple(one for one in factors if isinstance(one, Tensor))
        found.append(Term(int(factor), len(product) - len(tensors), tensors))
    return roots.pop(), _without_zeros(found)


def _without_zeros(terms: list[Term]) -> list[Term]:
    """The terms without offsets that are nothing but zeros (a correction that is none), where another offset
    is behind them; beta may be zeros, too.
    """
    offsets = [term for term in terms if not term.root]
    zeros = [term for term in offsets if len(term.factors) == 1 and holds_only(term.factors[0], 0.0)]
    if zeros and len(zeros) == len(offsets):
        zeros.pop()
    return [term for term in terms if term not in zeros]


def _is_kept(tensor: Tensor) -> bool:
    """Whether the tensor is a parameter, not data that is added."""
    source = value(tensor).node
    return source.op == "Const" or source.op in VARIABLES


def layer_of(reading: Reading) -> tuple[object, ...]:
    """What both sides of a conditional share if they are one layer."""
    match = reading.match
    beta = None if match.beta is None else value(match.beta)
    return tuple(value(one) for one in match.gamma), beta, reading.root.epsilon


def joins_of(readings: Readings) -> list[Join]:
    """The conditionals that were chosen at, in the order they were met."""
    met = (joins for one in readings.values() for joins in one.expansion.joins.values())
    return [join for joins in met for join in joins]
