"""What a model has to be fed: its placeholders, and which of them takes the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.errors import InputError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import PLACEHOLDERS
from bninspect.graph.outputs import find_tensor
from bninspect.graph.search import producers, reach, readers, upstream
from bninspect.graph.trace import declared_shape
from bninspect.graphdef.dtypes import FLOATS, NUMPY
from bninspect.run.pure_ops import PURE_OPS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Graph, Node, Tensor

_PIXELS = ("float", "half", "double", "uint8")
IMAGES, WAV = "images", "WAV audio"
"""What a string may have to hold."""
_CONTENT = {
    **dict.fromkeys(
        ("DecodeJpeg", "DecodePng", "DecodeImage", "DecodeBmp", "DecodeGif", "DecodeWebP",
         "DecodeAndCropJpeg", "ExtractJpegShape"),
        IMAGES,
    ),
    "DecodeWav": WAV,
    "DecodeCSV": "lines of CSV",
    "DecodeCompressed": "compressed bytes",
    **dict.fromkeys(("DecodeRaw", "DecodePaddedRaw", "DecodeBase64"), "raw bytes"),
    **dict.fromkeys(("ParseExample", "ParseExampleV2", "ParseSingleExample"), "tf.Example records"),
    **dict.fromkeys(("ReadFile", "WholeFileReaderV2"), "the name of a file"),
}  # fmt: skip
"""Ops that read a string -> what must be in it."""
_EXAMPLES = {WAV: "@clip.wav", "raw bytes": "@data.bin", "tf.Example records": "@records.npy"}
"""What is in a string -> the value of a `--feed` with it."""
_SHAPED_SCALARS = 24
"""Producer version below which TensorFlow itself reads a placeholder's shape [] as unknown."""
_CHANNELS = (1, 3, 4)


@frozen_dataclass
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
    shape = declared_shape(node) if known else None
    if shape == () and node.op == "Placeholder" and 0 < (producer or 0) < _SHAPED_SCALARS:
        shape = None
    sizes = None if shape is None else tuple(None if size < 0 else size for size in shape)
    return Placeholder(
        tensor=tensor, dtype=dtype, shape=sizes, has_default=node.op == "PlaceholderWithDefault"
    )


def needed_where_fed(
    outputs: Iterable[Tensor], fed: Collection[str]
) -> tuple[frozenset[Node], frozenset[Node]]:
    """(the nodes that outputs depend on where the nodes of these names are fed; the placeholders among them
    whose default is fed itself, or read from a file or an iterator).

    Such a default is easier fed, so that nothing is needed of what stands before it.
    """

    def reached(known: Collection[str]) -> frozenset[Node]:
        nodes = (tensor.node for tensor in outputs)
        return frozenset(upstream(nodes, until=lambda node: node.name in known))

    outputs = tuple(outputs)
    read = frozenset(node for node in reached(fed) if node.name not in fed and _reads_its_default(node))
    return reached({*fed, *(node.name for node in read)}), read


def _reads_its_default(node: Node) -> bool:
    default = upstream(producers(node)) if node.op == "PlaceholderWithDefault" else ()
    return any(one.op.startswith("Placeholder") or one.op not in PURE_OPS for one in default)


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
        return _refuse_other_content(graph, of(find_tensor(graph, named), graph.graphdef.producer))
    above = upstream((layer.x.node for layer in layers), controls=False)
    pixels = [place for place in candidates if place.dtype in _PIXELS and place.tensor.node in above]
    for group in (
        [place for place in pixels if place.shape is not None and len(place.shape) == 4],
        [place for place in pixels if place.shape is None and not place.has_default],
        [place for place in candidates if content(graph, place) == IMAGES],
        [place for place in pixels if any_rank and len(place.shape or ()) > 1],
    ):
        if len(group) == 1:
            return group[0]
        if group:
            names = ", ".join(map(str, group))
            raise InputError(f"several inputs may take the image: {names}; add --input {group[0].name}")
    raise InputError(_no_image_input(graph, candidates))


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


def refuse_unfed(graph: Graph, candidates: Iterable[Placeholder], fed: Collection[str]) -> None:
    """Raises InputError that lists the placeholders without default or feed, with a `--feed` for each."""
    missing = unfed(graph, candidates, fed)
    if missing is not None:
        raise InputError(f"the model also has to be fed {missing}")


def unfed(graph: Graph, candidates: Iterable[Placeholder], fed: Collection[str]) -> str | None:
    """`a:0 (bool, a scalar); for example: --feed a=false`, of the placeholders without default or feed; None
    if there is none.
    """
    missing = [place for place in candidates if not place.has_default and place.name not in fed]
    if not missing:
        return None
    examples = " ".join(example(graph, place) for place in missing)
    return f"{', '.join(map(str, missing))}; for example: {examples}"


def content(graph: Graph, place: Placeholder) -> str | None:
    """What must be in a string, by the first op behind it that decodes one; None of another dtype, and if no
    op says.
    """
    if place.dtype != "string":
        return None

    def first_of(node: Node) -> list[Node]:
        return [use.node for use in graph.uses(node) if use.slot == 0]

    behind = reach([place.tensor.node], first_of)
    return next((_CONTENT[node.op] for node in behind if node.op in _CONTENT), None)


def written(shape: tuple[int | None, ...] | None) -> str:
    """`[?, 224, 224, 3]`, `any shape`, `a scalar`."""
    if shape is None:
        return "any shape"
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]" if shape else "a scalar"


def _refuse_other_content(graph: Graph, place: Placeholder) -> Placeholder:
    """The placeholder. Raises InputError for a string that takes something else than images."""
    inside = content(graph, place)
    if inside not in (None, IMAGES):
        raise InputError(f"{_short(place)} takes {inside}, not images: {example(graph, place)}")
    return place


def _no_image_input(graph: Graph, candidates: Sequence[Placeholder]) -> str:
    """One line for a model in which nothing looks like the input of an image."""
    if not candidates:
        return "the model has no placeholder, so no image can be given to it"
    for place in candidates:
        _refuse_other_content(graph, place)
    names = ", ".join(map(str, candidates))
    examples = " ".join(example(graph, place) for place in candidates if not place.has_default)
    feed = f"; feed it by hand: {examples}" if examples else ""
    return f"no input of this model takes an image (rank 4, float or uint8); it has {names}{feed}"


def _short(place: Placeholder) -> str:
    return place.name.removesuffix(":0")


def example(graph: Graph, place: Placeholder, value: str | None = None) -> str:
    """`--feed NAME=VALUE` with this value, or one of the placeholder's dtype and shape: `x=@x.npy`,
    `keep_prob=1.0`.
    """
    array = f"@{_short(place).rpartition('/')[2]}.npy"
    if value is not None and not place.shape:
        pass
    elif place.dtype == "string":
        value = _EXAMPLES.get(content(graph, place) or "", array if place.shape else "TEXT")
    elif place.shape:
        value = array
    elif place.dtype == "bool":
        value = "false"
    else:
        value = "1.0" if place.dtype in FLOATS else "0"
    return f"--feed {_short(place)}={value}"
