"""Records of what a file holds, before any edge is followed: GraphDef, NodeDef, FunctionDef.

A NodeDef keeps the place of its bytes in the file rather than the bytes: reading costs what the nodes cost,
whatever the weights weigh, and an untouched node can be written again byte for byte, unknown fields and all.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bninspect.graphdef.tensors import TensorValue
    from bninspect.graphdef.wire import Span


def node_name(text: str) -> str:
    """The name of the node that an input (`op`, `op:1`, `^op`) means."""
    return text.removeprefix("^").partition(":")[0]


class FunctionRef(NamedTuple):
    """The value of a `func` attribute: which library function, with which attributes of its own."""

    name: str
    attributes: Mapping[str, Any]


class AttributePlaceholder(NamedTuple):
    """An attribute of a function body that each call of the function sets: which attribute of the call."""

    name: str


class Kept(Protocol):
    """Where nodes are kept, each at its number."""

    def span(self, number: int) -> Span:
        """Its bytes."""

    def attributes(self, number: int) -> Mapping[str, Any]:
        """Its attributes, as Python values. Raises GraphDefError where they are damaged."""

    def attribute(self, number: int, name: str) -> Any:
        """One of them; None where it is absent or has no value."""


class NodeDef:
    """One node as the file writes it: name, op, input strings, and its attributes on demand."""

    __slots__ = ("_attributes", "_kept", "_number", "inputs", "name", "op")

    def __init__(self, name: str, op: str, inputs: tuple[str, ...], kept: Kept, number: int = 0) -> None:
        """`kept` has its bytes and its attributes, at this number."""
        self.name = name
        self.op = op
        self.inputs = inputs
        """As written: `name`, `name:1`, `^name`; in a function body `arg`, `name:output:0`, `^name`."""
        self._kept = kept
        self._number = number
        self._attributes: Mapping[str, Any] | None = None

    @property
    def span(self) -> Span:
        """Where its bytes lie."""
        return self._kept.span(self._number)

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Every attribute as a Python value; tensors stay in the file until their values are asked for."""
        if self._attributes is None:
            self._attributes = self._kept.attributes(self._number)
        return self._attributes

    def only(self, name: str) -> Any:
        """One attribute, of a node that will be asked for no other: the rest is not kept. None where it is
        absent or has no value.
        """
        if self._attributes is None:
            return self._kept.attribute(self._number, name)
        return self._attributes.get(name)

    def attr(self, name: str, default: Any = None) -> Any:
        """One attribute, or the default where it is absent or has no value."""
        attributes = self.attributes if self._attributes is None else self._attributes
        value = attributes.get(name)
        return default if value is None else value


@frozen_dataclass(eq=False)
class FunctionDef:
    """One function of the library."""

    name: str
    arguments: tuple[str, ...]
    """Names of its input arguments, in order."""
    takes_handles: bool
    """Whether one of them is a handle of a variable (or of another resource)."""
    outputs: tuple[str, ...]
    """Names of its output arguments, in order."""
    returns: Mapping[str, str]
    """Output argument -> the tensor of the body it returns, `node:output:0` or an argument's name."""
    control_returns: tuple[str, ...]
    """Nodes of the body that run with every call, whatever is read of it."""
    nodes: tuple[NodeDef, ...]
    span: Span
    """Its bytes as they run and are written."""
    place: Span
    """Where it stands in the file."""
    misnamed: tuple[str, ...] = ()
    """Those of its returns that TensorFlow does not find, as the file has them; `returns` has their names."""


@frozen_dataclass
class SignatureDef:
    """A serving signature as the file writes it: keys to tensor names."""

    key: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@frozen_dataclass(eq=False)
class GraphDef:
    """One graph as the file writes it, and what the file says beside it."""

    path: str
    """As the user gave it; `-` for standard input."""
    format: str
    """graphdef, metagraph or savedmodel, with `-text` behind it for the text form; keras or keras-h5."""
    size: int
    """Bytes of the file."""
    nodes: tuple[NodeDef, ...]
    functions: Mapping[str, FunctionDef]
    producer: int | None
    """The GraphDef version of the TensorFlow that wrote it; None where it does not say."""
    versions: Span | None = None
    """The VersionDef as it stands in the file."""
    library_rest: tuple[Span, ...] = ()
    """Fields of the library besides the functions: their gradients."""
    tensorflow_version: str | None = None
    """As a MetaGraph records it, else None."""
    signatures: tuple[SignatureDef, ...] = ()
    restore_op: str | None = None
    """The node that restores every variable, as a MetaGraph's SaverDef names it; else None."""
    captures: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Name of a function -> the objects that its last inputs are, in a SavedModel of TensorFlow 2."""
    collections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Collections of node names (a MetaGraph's); for serialized messages, the variables they record."""
    skipped_metagraphs: tuple[str, ...] = ()
    """Tags of the MetaGraphs in a SavedModel that were not read."""
    variables: Mapping[str, TensorValue] | None = None
    """Name of a variable's node -> its value, where a checkpoint was read: a variable that is not among them
    is not in the checkpoint. None where none was read.
    """
    checkpoint: str | None = None
    """The prefix of the checkpoint that was read, else None."""
