"""The chain around a root of the variance -> a normalization site, a lookalike, or an honest `unrecognised`.

Source: tensorflow/python/ops/nn_impl.py, `batch_normalization` and `moments`, in all their ages; and what
people write by hand. `algebra` and `formula` find x, mean, gamma and beta, `origin` says what mean and
variance are; this file puts them together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Lookalike, Unrecognised
from bninspect.batchnorm.mode import Form, Mode
from bninspect.batchnorm.recognition.algebra import ADDS, Region, root_of
from bninspect.batchnorm.recognition.batches.ghost import (
    data_format_of_groups,
    is_of_one_image,
    is_over_images,
)
from bninspect.batchnorm.recognition.batches.renorm import Uncorrected, corrects, uncorrected
from bninspect.batchnorm.recognition.epsilon import radicand_of, roots_alike, unsettled
from bninspect.batchnorm.recognition.formula import Match
from bninspect.batchnorm.recognition.fused import mode_of
from bninspect.batchnorm.recognition.moments import REDUCTIONS
from bninspect.batchnorm.recognition.origin import origin
from bninspect.batchnorm.recognition.undecided import without_match
from bninspect.batchnorm.recognition.variance import is_parameter, is_squared, is_variance_like
from bninspect.batchnorm.site import Batch, Chosen, Site, Stored, Undecided, batches_of
from bninspect.graph.shapes import rank
from bninspect.graph.trace import content, integers, is_scalar, same, scalar, shape_of, value

if TYPE_CHECKING:
    from bninspect.batchnorm.recognition.epsilon import Radicand
    from bninspect.batchnorm.site import Origin
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node, Tensor

Found = Site | Lookalike | Unrecognised
_MOST_STEPS = 6
"""How far behind the normalization gamma and beta may stand."""


def decomposed(root: Node, graph: Graph, conditions: Conditions) -> list[Found]:
    """What the chain around one Rsqrt, Sqrt or Pow is; nothing where it is no normalization at all."""
    taken = root_of(root)
    if taken is None:
        return []
    radicand, sign = taken
    parts = radicand_of(radicand, conditions)
    region = _region(root, sign, graph, conditions)
    judged = [(match, _judge(match, root, parts, graph, conditions)) for match in region.matches]
    decided = [(match, found) for match, found in judged if isinstance(found, Site | Lookalike)]
    if decided:
        return _first_of_each_x(region, decided)
    if judged and _normalizes(judged[0][0], parts.variance, conditions):
        match, found = judged[0]
        reason = unsettled(radicand, conditions)
        return [found if reason is None else Unrecognised(node=match.output.node.label, reason=reason)]
    return [] if judged else [*without_match(root, sign, radicand, parts.variance, graph, conditions)]


def _region(root: Node, sign: int, graph: Graph, conditions: Conditions) -> Region:
    """The arithmetic around a root; that around all roots of its value, where these make a normalization
    that no single one makes.
    """
    own = Region({root: sign}, graph)
    if any(match.distributed for match in own.matches):
        return own
    alike = roots_alike(root, graph, conditions)
    together = own if alike == {root: sign} else Region(alike, graph)
    made = any(match.distributed and match.output.node in own.nodes for match in together.matches)
    return together if made else own


def _judge(
    match: Match,
    root: Node,
    parts: Radicand,
    graph: Graph,
    conditions: Conditions,
) -> Found:
    """A match as a site, a lookalike, or undecided."""
    origins: tuple[Origin, Origin] = (
        origin(match.mean, match.x, conditions),
        origin(parts.variance, match.x, conditions, parts.beneath),
    )
    mode = mode_of(*origins, match.output.node, match.x.node, conditions)
    whole, behind = _with_parameters_behind(match, graph, is_corrected=mode is Mode.TRAINING)
    reason = _no_batch(match.x, mode, graph)
    if reason is not None:
        return Lookalike(node=match.output.node, kind="other", reason=reason)
    batches = [batch for one in origins for batch in batches_of(one)]
    over = {batch.axes for batch in batches}
    axes = over.pop() if len(over) == 1 else ()
    if batches and is_of_one_image(whole, axes):
        reason = f"its moments are taken over axes {list(axes)}, of groups of one image each"
        return Lookalike(node=match.output.node, kind="instance_norm", reason=reason)
    if isinstance(mode, Lookalike):
        if not is_over_images(whole, axes):
            return mode
        mode = Mode.SWITCHED if isinstance(origins[0], Chosen) else Mode.TRAINING
    mean_origin, variance_origin = origins
    if isinstance(mode, Undecided):
        return Unrecognised(node=match.output.node.label, reason=mode.reason)
    found = uncorrected(whole, behind, conditions) if mode is Mode.TRAINING else Uncorrected(match=whole)
    if isinstance(found, Undecided):
        return Unrecognised(node=match.output.node.label, reason=found.reason)
    assert not isinstance(mean_origin, Undecided)
    assert not isinstance(variance_origin, Undecided)
    return Site(
        form=Form.DECOMPOSED,
        op=root.op,
        node=whole.output.node,
        mode=mode,
        x=match.x,
        gamma=_parameter(found.match.gamma),
        beta=found.match.beta,
        mean=match.mean,
        variance=parts.variance,
        mean_origin=mean_origin,
        variance_origin=variance_origin,
        epsilon=parts.epsilon,
        output=whole.output,
        data_format=_data_format(mean_origin, whole),
        kept_axes=_kept_axes(mean_origin, whole),
        renormalization=found.renormalization,
    )


def _no_batch(x: Tensor, mode: Mode | Lookalike | Undecided, graph: Graph) -> str | None:
    """Why what is normalized is no batch: weights, or moments of one (d of batch renormalization)."""
    if mode is Mode.TRAINING and is_parameter(x):
        return "what it normalizes is stored: weights, and no batch"
    node = value(x).node
    axes = integers(node.inputs[1]) if node.op in REDUCTIONS else None
    dimensions = None if axes is None else rank(node.inputs[0])
    if not axes or not dimensions or len(axes) < dimensions - 1:
        return None
    if 0 not in {axis % dimensions for axis in axes} or not _is_squared_too(node.inputs[0], graph):
        return None
    return f"what it normalizes is {node.op} {node.label} over the batch, and no batch"


def _is_squared_too(tensor: Tensor, graph: Graph) -> bool:
    """Whether what a mean is taken of is squared as well, for a variance: else what seems to be images may be
    the points of one, or its words, and the mean what is made of all of them.
    """
    near = [use.node for use in graph.uses_of(tensor)]
    differences = [one for one in near if one.op == "Sub"]
    return any(map(is_squared, near + [use.node for one in differences for use in graph.uses(one)]))


def _is_one(tensor: Tensor) -> bool:
    """Whether a factor is the 1 of 1 / sqrt(...), not a scale that happens to be 1 (that has an axis)."""
    held = content(value(tensor).node)
    return held is not None and held.shape == () and scalar(tensor) == 1


def _parameter(factors: tuple[Tensor, ...]) -> Tensor | None:
    """The scale among the factors: the one that is no single number."""
    factors = tuple(factor for factor in factors if not _is_one(factor))
    vectors = [factor for factor in factors if not is_scalar(factor)]
    return vectors[0] if vectors else (factors[0] if factors else None)


def _with_parameters_behind(
    match: Match, graph: Graph, *, is_corrected: bool
) -> tuple[Match, tuple[Tensor, ...]]:
    """With the gamma and beta behind the normalization, where nothing else reads what they change; and the
    r and d that stand between, which only a layer in training mode has.
    """
    end = match.output
    corrections: list[Tensor] = []
    for _ in range(_MOST_STEPS):
        uses = graph.uses_of(end) if match.beta is None else []
        if len(uses) != 1:
            break
        node, slot = uses[0]
        if node.op in ("Identity", "Cast"):
            end = node.output()
            continue
        other = node.inputs[1 - slot] if len(node.inputs) == 2 else None
        if other is None or not (is_parameter(other) or (is_corrected and corrects(other, match.x))):
            break
        end = node.output()
        scales = node.op == "Mul"
        if (scales or node.op in ADDS) and not is_parameter(other):
            corrections.append(other)
            match = replace(match, output=end)
        elif scales and all(_is_one(factor) for factor in match.gamma):
            match = replace(match, output=end, gamma=(other,))
        elif node.op in ADDS:
            match = replace(match, output=end, beta=other)
        else:
            break
    return match, tuple(corrections)


def _first_of_each_x(region: Region, decided: list[tuple[Match, Site | Lookalike]]) -> list[Found]:
    """One finding per normalized x: the nearest; one that tells x from mean beyond doubt comes first.

    A difference that is only a part of such a one (x itself being `image - 127`) is dropped.
    """
    sure = [match.output.node for match, _ in decided if match.distributed]
    found: dict[Tensor, Site | Lookalike] = {}
    for match, finding in sorted(decided, key=lambda pair: not pair[0].distributed):
        if match.distributed or not any(region.feeds(match.output.node, whole) for whole in sure):
            found.setdefault(match.x, finding)
    return list(found.values())


def _data_format(mean: Origin, match: Match) -> str:
    """Channels last or first, by the axes of the moments, or by the layout of the stored mean."""
    for batch in batches_of(mean):
        of_groups = data_format_of_groups(match, batch.axes)
        return of_groups or ("NHWC" if _leave_the_last(batch.axes) else "NCHW")
    shape = _laid_out(match.mean) or ()
    is_first = len(shape) >= 3 and shape[-1] == 1 and sum(size != 1 for size in shape) == 1
    return "NCHW" if is_first else "NHWC"


def _sides(mean: Origin, match: Match) -> tuple[tuple[Origin, Tensor], ...]:
    """What the mean is, with its tensor; both of them if a predicate chooses."""
    if isinstance(mean, Chosen):
        return (mean.if_true, mean.tensors[0]), (mean.if_false, mean.tensors[1])
    return ((mean, match.mean),)


def _leave_the_last(axes: tuple[int, ...]) -> bool:
    """Whether axes leave the last of a tensor out: those from its end say so, else they are the first ones,
    be it behind an axis that counts groups of images.
    """
    first = min(axes)
    if first < 0:
        return -1 not in axes
    return sorted(axes) == list(range(first, first + len(axes)))


def _kept_axes(mean: Origin, match: Match) -> tuple[int, ...]:
    """The axes with statistics of their own, counted from the end, where they are not the channels alone: by
    how the stored mean is laid out, where that is known, and by the axes of the moments.
    """
    sides = _sides(mean, match)
    laid_out = None
    for side, tensor in sides:
        shape = _laid_out(tensor) if isinstance(side, Stored) else None
        if shape is not None:
            laid_out = tuple(axis - len(shape) for axis, size in enumerate(shape) if size > 1)
    for side, _ in sides:
        if isinstance(side, Batch) and side.of_x and (dimensions := rank(match.x)):
            reduced = {axis % dimensions for axis in side.axes}
            if is_over_images(match, side.axes):  # the groups stand on an axis of their own meanwhile
                return ()
            kept = tuple(axis - dimensions for axis in range(dimensions) if axis not in reduced)
            several = laid_out is None or len(kept) <= max(1, len(laid_out))
            return kept if several and not _are_channels(kept, match.x) else ()
    return laid_out if laid_out and not _are_channels(laid_out, match.x) else ()


def _are_channels(kept: tuple[int, ...], x: Tensor) -> bool:
    """Whether the axis is that of the channels in NHWC, or in NCHW; of an unknown rank that is anyone's."""
    if len(kept) > 1 or kept in ((), (-1,)):
        return len(kept) < 2
    dimensions = rank(x)
    return dimensions is None or kept == (1 - dimensions,)


def _laid_out(tensor: Tensor) -> tuple[int, ...] | None:
    """The shape a stored statistic has when it meets x; None where it is not known."""
    node = same(tensor).node
    if node.op == "Reshape":
        return integers(node.inputs[1])
    return shape_of(node)


def _normalizes(match: Match, variance: Tensor, conditions: Conditions) -> bool:
    """Whether an undecided match deserves a word: beyond doubt it is one, or its variance is like one."""
    return match.distributed or is_variance_like(variance, conditions)
