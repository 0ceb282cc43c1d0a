"""A convolution whose weights carry a batch norm's scale -> a normalization site.

    y = convolution(input, W * gamma * R) + (beta - mean * gamma * R)      R = 1 / sqrt(variance + epsilon)

That is (x - mean) * gamma * R + beta for x = convolution(input, W), which inference graphs no longer hold.
While training, `tf.contrib.quantize` scales the weights by the moving variance, so that they change slowly,
and corrects what comes out by the batch's statistics; from the step `freeze_bn_delay` on, the correction
makes the moving statistics of it. So the formula is read once for each value of the predicate that decides.
Source: tensorflow/contrib/quantize/python/fold_batch_norms.py, `_ComputeBatchNormCorrections`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.layer import Lookalike, Unrecognised
from bninspect.batchnorm.mode import Form
from bninspect.batchnorm.recognition.fused import mode_of
from bninspect.batchnorm.recognition.moments import data_format_of
from bninspect.batchnorm.recognition.origin import origin
from bninspect.batchnorm.recognition.quantization.expansion import flow, roots_behind
from bninspect.batchnorm.recognition.quantization.fake_quant import exact
from bninspect.batchnorm.recognition.quantization.readings import Readings, joins_of, layer_of, readings_at
from bninspect.batchnorm.recognition.quantization.unscaled import Unscaled
from bninspect.batchnorm.site import Carried, Chosen, Site, Undecided
from bninspect.batchnorm.wiring.conditions import Join
from bninspect.graph import Tensor
from bninspect.graph.ops import CONVOLUTIONS, IDENTITIES, RESHAPES
from bninspect.graph.search import reach
from bninspect.graph.trace import integers, value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from bninspect.batchnorm.site import Origin
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node

_TRANSPOSED = ("transpose_b", "adj_y")
_HANDING_ON = IDENTITIES | RESHAPES
_OF_SHAPES = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"})
_MOST_HOPS = 8


class Explained(NamedTuple):
    """What a convolution with scaled weights is, and which nodes are parts of it, no layers of their own."""

    found: Site | Lookalike | Unrecognised
    parts: frozenset[Node]


def carried(convolution: Node, graph: Graph, conditions: Conditions) -> Explained | None:
    """The batch norm that the weights of a convolution carry; None where they carry none."""
    roots = roots_behind(convolution.inputs[1]) if _may_carry(convolution) else []
    nodes = flow(roots, convolution, graph)
    if convolution not in nodes or not _is_per_channel(convolution, nodes):
        return None
    unscaled = Unscaled(convolution, graph)
    for node in _behind(convolution, nodes, graph):
        for ones in (False, True):
            readings = readings_at(node, nodes, conditions, unscaled, ones=ones)
            if readings is not None:
                return _explained(node, readings, roots, unscaled, conditions)
    return None


def _may_carry(convolution: Node) -> bool:
    """Whether its weights are written as what a scale per output channel can be multiplied into."""
    return not any(convolution.attr(name, False) for name in _TRANSPOSED)


def _is_per_channel(convolution: Node, nodes: Mapping[Node, int]) -> bool:
    """Whether the factors of the weights are laid out along what the convolution gives, as far as the file
    writes out how.
    """
    if convolution.op == "DepthwiseConv2dNative":
        return True
    shapes = [integers(node.inputs[1]) for node in nodes if node.op == "Reshape"]
    return all(shape[-1:] != (1,) or set(shape) == {1} for shape in shapes if shape is not None)


def _behind(convolution: Node, nodes: Mapping[Node, int], graph: Graph) -> Iterator[Node]:
    """The nodes of the arithmetic that the convolution flows into, nearest first."""

    def onward(node: Node) -> Iterator[Node]:
        return (use.node for use in graph.uses(node) if use.node in nodes)

    return (node for node in reach([convolution], onward) if node.op not in CONVOLUTIONS)


def _explained(
    node: Node, readings: Readings, roots: list[Node], unscaled: Unscaled, conditions: Conditions
) -> Explained | None:
    """The formula as a site, a lookalike, or undecided; None where the two sides of a conditional are of two
    layers.
    """
    first, *others = readings.values()
    if any(layer_of(other) != layer_of(first) for other in others):
        return None
    pairs = [(reading.match.mean, reading.root.variance) for reading in readings.values()]
    twin = unscaled.twin(first.weights, [tensor for pair in pairs for tensor in pair], conditions)
    x = first.match.x if twin is None else twin
    sides = [(origin(mean, x, conditions), origin(variance, x, conditions)) for mean, variance in pairs]
    mean, variance = sides[0] if len(sides) == 1 else _choices(readings, sides, conditions)
    mode = mode_of(mean, variance, node, x.node, conditions)
    if isinstance(mode, Undecided):
        return Explained(Unrecognised(node=node.label, reason=mode.reason), frozenset(roots))
    if isinstance(mode, Lookalike):
        return Explained(mode, frozenset(roots))
    assert not isinstance(mean, Undecided)
    assert not isinstance(variance, Undecided)
    gamma, beta = (next(iter(first.match.gamma), None), first.match.beta)
    site = Site(
        form=Form.FOLDED,
        op=unscaled.convolution.op,
        node=node,
        mode=mode,
        x=x,
        gamma=gamma,
        beta=beta,
        mean=pairs[0][0],
        variance=pairs[0][1],
        mean_origin=mean,
        variance_origin=variance,
        epsilon=first.root.epsilon,
        output=node.output(),
        data_format=data_format_of(unscaled.convolution),
        carried=Carried(
            convolution=unscaled.convolution,
            weights=first.weights,
            scaled=exact(unscaled.convolution.inputs[1]),
            convolved=unscaled.convolved,
            merges=tuple(dict.fromkeys(join.node for join in joins_of(readings))),
        ),
    )
    return Explained(site, frozenset(roots))


def _choices(
    readings: Readings, sides: list[tuple[Origin, Origin]], conditions: Conditions
) -> tuple[Origin, Origin]:
    """Mean and variance as the predicate chooses them: the reading under True, and the one under False."""
    join = joins_of(readings)[0]
    _, inverse = conditions.base(join.predicate)
    pairs = [(one.match.mean, one.root.variance) for one in readings.values()]
    if inverse:
        pairs, sides = pairs[::-1], sides[::-1]
    found: list[Origin] = []
    for if_true, if_false, true, false in zip(*pairs, *sides, strict=True):
        if isinstance(true, Undecided):
            found.append(true)
        elif isinstance(false, Undecided):
            found.append(false)
        elif isinstance(true, Chosen) or isinstance(false, Chosen):
            found.append(Undecided(reason="its statistics are chosen by several predicates"))
        elif type(true) is type(false):
            found.append(true)
        else:
            chosen = Join(join.node, join.predicate, if_true, if_false)
            tensors = if_true, if_false
            found.append(Chosen(join=chosen, if_true=true, if_false=false, tensors=tensors))
    return found[0], found[1]


def leftovers(sites: Sequence[Site], graph: Graph, asked_for: Collection[Tensor]) -> dict[Site, Tensor]:
    """Normalizations that folding left behind, each with the tensor it ends in: they do what a folded site
    does, and nobody reads them, or asked for them.
    """
    kept = {_parts_of(site) for site in sites if site.carried is not None}
    alike = [site for site in sites if site.carried is None and _parts_of(site) in kept]
    ends = ((site, _end(site.output, graph)) for site in alike)
    return {site: end for site, end in ends if end is not None and end not in asked_for}


def _parts_of(site: Site) -> tuple[object, ...]:
    return value(site.x), *(None if one is None else value(one) for one in (site.gamma, site.beta))


def _end(tensor: Tensor, graph: Graph) -> Tensor | None:
    """Where the tensor ends without being computed with; None where it goes on."""
    for _ in range(_MOST_HOPS):
        uses = [use for use in graph.uses_of(tensor) if use.node.op not in _OF_SHAPES]
        if not uses:
            return tensor
        if len(uses) > 1 or uses[0].node.op not in _HANDING_ON or uses[0].slot:
            break
        tensor = uses[0].node.output()
    return None
