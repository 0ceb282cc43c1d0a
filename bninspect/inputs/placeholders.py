"""What a model has to be fed: its placeholders, and which of them takes the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bninspect.errors import InputError
from bninspect.graph.ops import PLACEHOLDERS
from bninspect.graph.outputs import find_tensor
from bninspect.graph.search import reach, readers, upstream
from bninspect.graphdef.dtypes import NUMPY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Graph, Node, Tensor

_PIXELS = ("float", "half", "double", "uint8")
_SHAPED_SCALARS = 24
"""Producer version below which TensorFlow itself reads a placeholder's shape [] as unknown."""
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """One place to feed."""

    tensor: Tensor
    dtype: str
    """TensorFlow's name: float, half, bool, uint8, string, ..."""
    shape: tuple[int | None, ...] | None
    """None inside it: any size; None as a whole: any rank."""
    has_default: bool

    @property
    def name(self) -> str:
        """`scope/op:0`."""
        return self.tensor.name

    def __str__(self) -> str:
        return f"{self.name} ({self.dtype}, {written(self.shape)})"


def placeholders(graph: Graph, reached: Collection[Node]) -> tuple[Placeholder, ...]:
    """The placeholders among these nodes, in file order."""
    found = (node for node in graph if node in reached and node.op in PLACEHOLDERS)
    return tuple(of(node.output(), graph.graphdef.producer) for node in found)


def of(tensor: Tensor, producer: int | None = None) -> Placeholder:
    """The tensor as a place to feed; any tensor can be one, the unknown shape is then assumed.

    Raises InputError for a type that nothing can be fed for.
    """
    node = tensor.node
    dtype = str(node.attr("dtype") or node.attr("T") or "float")
    if dtype not in NUMPY:
        raise InputError(f"{tensor.name} is of type {dtype}, for which nothing can be fed")
    known = node.op in PLACEHOLDERS
    shape = node.attr("shape") if known else None
    if shape == () and node.op == "Placeholder" and 0 < (producer or 0) < _SHAPED_SCALARS:
        shape = None
    sizes = None if shape is None else tuple(None if size < 0 else size for size in shape)
    return Placeholder(
        tensor=tensor, dtype=dtype, shape=sizes, has_default=node.op == "PlaceholderWithDefault"
    )


def image_input(
    graph: Graph,
    candidates: Sequence[Placeholder],
    layers: Sequence[BatchNorm],
    named: str | None,
    *,
    any_rank: bool = False,
) -> Placeholder:
    """The one that takes the image: `named`, else the only one of rank 4 (or of unknown rank) that reaches a
    batch norm, else the only string that a Decode op reads; with `any_rank` also rows, volumes and such.

    Raises InputError with the list and a ready-made `--input` where there are several or none.
    """
    if named is not None:
        return of(find_tensor(graph, named), graph.graphdef.producer)
    above = upstream((layer.x.node for layer in layers), controls=False)
    pixels = [place for place in candidates if place.dtype in _PIXELS and place.tensor.node in above]
    for group in (
        [place for place in pixels if place.shape is not None and len(place.shape) == 4],
        [place for place in pixels if place.shape is None and not place.has_default],
        [place for place in candidates if place.dtype == "string" and _is_decoded(graph, place.tensor.node)],
        [place for place in pixels if any_rank and len(place.shape or ()) > 1],
    ):
        if len(group) == 1:
            return group[0]
        if group:
            names = ", ".join(map(str, group))
            raise InputError(f"several inputs may take the image: {names}; add --input {group[0].name}")
    raise InputError(_no_image_input(candidates))


def layout(graph: Graph, place: Placeholder) -> str:
    """NHWC or NCHW: by where the shape has the channels, else by the first op behind it that says."""
    if place.shape is not None and len(place.shape) == 4:
        last, second = place.shape[3] in _CHANNELS, place.shape[1] in _CHANNELS
        if last != second:
            return "NHWC" if last else "NCHW"
    for node in reach([place.tensor.node], readers(graph)):
        stated = node.attr("data_format")
        if stated in (b"NCHW", b"NHWC"):
            return str(stated.decode())
    return "NHWC"


def refuse_unfed(candidates: Iterable[Placeholder], fed: Collection[str]) -> None:
    """Raises InputError that lists the placeholders without default or feed, with a `--feed` for each."""
    missing = [place for place in candidates if not place.has_default and place.name not in fed]
    if missing:
        lines = " ".join(f"--feed {place.name.removesuffix(':0')}={_example(place)}" for place in missing)
        raise InputError(f"the model also has to be fed {', '.join(map(str, missing))}; for example: {lines}")


def written(shape: tuple[int | None, ...] | None) -> str:
    """`[?, 224, 224, 3]`, `any shape`, `a scalar`."""
    if shape is None:
        return "any shape"
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]" if shape else "a scalar"


def _is_decoded(graph: Graph, node: Node) -> bool:
    """Whether an op that decodes images reads the node, directly or through Identity."""
    onward = readers(graph)
    handed_on = reach([node], lambda one: onward(one) if one is node or one.op == "Identity" else ())
    return any(reader.op.startswith("Decode") for reader in handed_on if reader is not node)


def _no_image_input(candidates: Sequence[Placeholder]) -> str:
    """One line for a model in which nothing looks like the input of an image."""
    if not candidates:
        return "the model has no placeholder, so no image can be given to it"
    names = ", ".join(map(str, candidates))
    return (
        f"no input of this model takes an image (rank 4, float or uint8); it has {names}: "
        f"name one with --input {candidates[0].name}, or feed it: --feed {candidates[0].name}=@values.npy"
    )


def _example(place: Placeholder) -> str:
    """A value that fits the placeholder."""
    if place.shape:
        return "@values.npy"
    if place.dtype == "bool":
        return "false"
    return "1.0" if place.dtype in ("float", "half", "double") else "0"
