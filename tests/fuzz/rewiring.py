"""Edits that leave a graph a graph: another edge, another op of the same kind, another number in a constant.

Blind damage (`mutants`) mostly ends at the first question of recognition. These edits keep what an op needs,
so that the graph goes on to the next question, and ends up as a batch norm of another mode, as something that
is almost one, or as one that nothing can decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

_KINDS = tuple(
    tuple(line.split())
    for line in """
    Add AddV2 Sub Mul RealDiv Maximum Minimum Pow BiasAdd SquaredDifference DivNoNan
    Rsqrt Sqrt Square Exp Neg Reciprocal Inv Abs Log
    Identity StopGradient Cast Relu Snapshot ReadVariableOp Squeeze Enter Exit CheckNumerics
    Mean Sum Max Prod All Any
    FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 _FusedBatchNormEx BatchNormWithGlobalNormalization
    Switch RefSwitch Merge RefMerge
    Select SelectV2 Where Merge
    LogicalNot Identity LogicalAnd LogicalOr
    LogicalAnd LogicalOr LogicalXor Equal NotEqual
    Equal NotEqual Greater GreaterEqual Less LessEqual
    Assign AssignAdd AssignSub AssignVariableOp AssignSubVariableOp AssignAddVariableOp
    If StatelessIf
    While StatelessWhile
    PartitionedCall StatefulPartitionedCall
    Const Placeholder VariableV2 VarHandleOp RandomUniform PlaceholderWithDefault
    Placeholder Const PlaceholderWithDefault
    Reshape ExpandDims Transpose BroadcastTo Tile Identity
    Pack ConcatV2 AddN IdentityN GatherV2 StridedSlice
    Conv2D DepthwiseConv2dNative MatMul Conv3D
    FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel QuantizeAndDequantizeV3 Identity
    """.strip().splitlines()
)
"""Ops that may stand where another of the same line stood."""
_INSERTED = {
    "Identity": "output", "StopGradient": "output", "Cast": "y", "Neg": "y", "Square": "y",
    "Relu": "activations", "LogicalNot": "y",
}  # fmt: skip
"""Op of one input -> its output, as a function body names it."""
_FLOATS = (0.0, 1e-5, 1e-3, 0.5, 1.0, -1.0)
_FLOAT, _INT, _BOOL, _LONG = 1, 3, 10, 9
_NUMBERS = {_FLOAT: np.float32, 2: np.float64, _INT: np.int32, _LONG: np.int64, _BOOL: np.bool_}
"""Number of a dtype -> the dtype."""
_LARGEST = 4096
"""Values of a constant that is changed."""


def rewire(bodies: Sequence[Any], generator: random.Random) -> None:
    """Edits a graph in place; `bodies` are its list of nodes and those of its functions."""
    filled = [body for body in bodies if len(body)]
    for _ in range(generator.choice((1, 1, 1, 2, 2, 3)) if filled else 0):
        [body] = generator.choices(filled, [len(body) for body in filled])
        _edit(_Body(body, body is not bodies[0]), generator)


class _Body:
    """The nodes of one graph or function, and how an edge of it is written."""

    def __init__(self, nodes: Any, in_function: bool) -> None:
        self.nodes = nodes
        self.in_function = in_function
        self.by_name = {node.name: node for node in nodes}

    def producer(self, text: str) -> Any:
        """The node that an input reads; None for an argument of the function."""
        return self.by_name.get(text.lstrip("^").partition(":")[0])

    def tensors(self, like: str) -> list[str]:
        """The tensors that something here reads, of the same type as this one as far as attributes tell."""
        wanted = _type(self.producer(like))
        read = dict.fromkeys(text for node in self.nodes for text in node.input if text[0] != "^")
        return [text for text in read if text != like and _type(self.producer(text)) == wanted]

    def add(self, op: str, inputs: Sequence[str], output: str, like: Any) -> str:
        """The tensor of a new node, of the type of another."""
        name = f"new{len(self.nodes)}"
        node = self.nodes.add(name=name, op=op, input=inputs)
        if like is not None:
            node.attr["T"].type = _type(like) or _FLOAT
        self.by_name[name] = node
        return f"{name}:{output}:0" if self.in_function else name


def _type(node: Any) -> int | None:
    """The number of the dtype that a node gives; None for an argument, and where no attribute says it."""
    if node is None:
        return None
    for key in ("dtype", "T", "DstT"):
        if key in node.attr:
            return int(node.attr[key].type)
    return None


def _edit(body: _Body, generator: random.Random) -> None:
    """One edit, of a node that allows it; none where luck finds no such node."""
    for _ in range(20):
        edit = generator.choice(_EDITS)
        if edit(body, generator.choice(body.nodes), generator):
            return


def _data(node: Any) -> list[int]:
    """The places of inputs that are tensors."""
    return [at for at, text in enumerate(node.input) if text and text[0] != "^"]


def _swap_inputs(body: _Body, node: Any, generator: random.Random) -> bool:
    places = _data(node)
    if len(places) < 2:
        return False
    one, other = generator.sample(places, 2)
    node.input[one], node.input[other] = node.input[other], node.input[one]
    return True


def _change_op(body: _Body, node: Any, generator: random.Random) -> bool:
    kinds = [kind for kind in _KINDS if node.op in kind]
    if not kinds:
        return False
    node.op = generator.choice([op for op in generator.choice(kinds) if op != node.op])
    return True


def _read_elsewhere(body: _Body, node: Any, generator: random.Random) -> bool:
    """An input reads another tensor of the same type."""
    places = _data(node)
    if not places:
        return False
    at = generator.choice(places)
    others = body.tensors(node.input[at])
    if not others:
        return False
    node.input[at] = generator.choice(others)
    return True


def _read_other_side(body: _Body, node: Any, generator: random.Random) -> bool:
    """An input reads another output of what it reads: the other side of a Switch, the batch mean."""
    places = [
        at for at in _data(node) if (made := body.producer(node.input[at])) is not None and _has_outputs(made)
    ]
    if not places:
        return False
    at = generator.choice(places)
    name, _, rest = node.input[at].partition(":")
    if body.in_function:
        node.input[at] = f"{rest and name}:{rest.rpartition(':')[0]}:{generator.choice((0, 1))}"
    else:
        node.input[at] = name if rest == "1" else f"{name}:{generator.choice((1, 1, 1, 2))}"
    return True


def _has_outputs(node: Any) -> bool:
    return node.op in ("Switch", "Merge", "If", "StatelessIf", "Split", "Unpack") or "BatchNorm" in node.op


def _change_constant(body: _Body, node: Any, generator: random.Random) -> bool:
    """A constant of other numbers: one of them, or all."""
    if node.op != "Const" or "value" not in node.attr:
        return False
    tensor = node.attr["value"].tensor
    values = _values(tensor)
    if values is None or not 0 < values.size <= _LARGEST:
        return False
    at = slice(None) if generator.random() < 0.6 else generator.randrange(values.size)
    with np.errstate(all="ignore"):
        if values.dtype == np.bool_:
            values[at] = ~values[at]
        elif values.dtype.kind == "i":
            values[at] = generator.choice((values[at] + 1, values[at] - 1, 0 * values[at], -values[at]))
        else:
            values[at] = generator.choice(
                (
                    values[at] * 2,
                    -values[at],
                    0 * values[at],
                    0 * values[at] + 1,
                    1 - values[at],
                    np.nan,
                    np.inf,
                )
            )
    for field in ("float_val", "double_val", "int_val", "int64_val", "bool_val"):
        tensor.ClearField(field)
    tensor.tensor_content = values.tobytes()
    return True


def _values(tensor: Any) -> Any:
    """The numbers of a TensorProto, flat; None for a type that is left alone."""
    dtype = _NUMBERS.get(tensor.dtype)
    if dtype is None:
        return None
    size = int(np.prod([dim.size for dim in tensor.tensor_shape.dim], dtype=np.int64))
    if tensor.tensor_content:
        held = np.frombuffer(tensor.tensor_content, dtype).copy()
    else:
        listed = (tensor.float_val, tensor.double_val, tensor.int_val, tensor.int64_val, tensor.bool_val)
        held = np.array([value for values in listed for value in values], dtype)
    if not 0 < size <= _LARGEST or not held.size:
        return None
    return held if held.size == size else np.resize(np.pad(held, (0, max(0, size - held.size)), "edge"), size)


def _change_number(body: _Body, node: Any, generator: random.Random) -> bool:
    """An attribute that a batch norm, a reduction or a variable has, with another value."""
    keys = sorted(key for key in node.attr if _is_number(key, node.attr[key]))
    if not keys:
        return False
    key = generator.choice(keys)
    value = node.attr[key]
    kind = _kind(value)
    if generator.random() < 0.1:
        del node.attr[key]
    elif kind == "b":
        value.b = not value.b
    elif kind == "f":
        value.f = generator.choice(_FLOATS)
    elif kind == "i":
        value.i += generator.choice((-1, 1))
    elif kind == "s":
        value.s = generator.choice((b"NHWC", b"NCHW", b"NDHWC", b"NCHW_VECT_C"))
    elif value.shape.dim and generator.random() < 0.7:
        dim = generator.choice(value.shape.dim)
        dim.size = generator.choice((-1, 1, dim.size + 1))
    else:
        value.shape.Clear()
        value.shape.unknown_rank = generator.random() < 0.5
    return True


def _is_number(key: str, value: Any) -> bool:
    return _kind(value) in ("b", "f", "i", "shape") or (key == "data_format" and value.HasField("s"))


def _kind(value: Any) -> str | None:
    """The field of an AttrValue that is set, of those that are changed."""
    return next((field for field in ("b", "f", "i", "s", "shape") if value.HasField(field)), None)


def _insert(body: _Body, node: Any, generator: random.Random) -> bool:
    """A node of one input on an edge; or a placeholder whose default is what the edge brought."""
    places = _data(node)
    if not places:
        return False
    at = generator.choice(places)
    op, output = generator.choice(sorted(_INSERTED.items()))
    node.input[at] = body.add(op, [node.input[at]], output, body.producer(node.input[at]))
    return True


def _bypass(body: _Body, node: Any, generator: random.Random) -> bool:
    """An input reads what is read by the node that it reads."""
    places = [at for at in _data(node) if (made := body.producer(node.input[at])) is not None and _data(made)]
    if not places:
        return False
    at = generator.choice(places)
    made = body.producer(node.input[at])
    node.input[at] = made.input[generator.choice(_data(made))]
    return True


def _copy(body: _Body, node: Any, generator: random.Random) -> bool:
    """An input reads a copy of the node that it reads."""
    places = [at for at in _data(node) if body.producer(node.input[at]) is not None]
    if not places:
        return False
    at = generator.choice(places)
    name, _, rest = node.input[at].partition(":")
    made = body.by_name[name]
    added = body.add(made.op, list(made.input), "", None).partition(":")[0]
    for key in sorted(made.attr):
        body.by_name[added].attr[key].CopyFrom(made.attr[key])
    node.input[at] = f"{added}:{rest}" if rest else added
    return True


def _wait(body: _Body, node: Any, generator: random.Random) -> bool:
    """A control edge more, or the last one gone."""
    if node.input and node.input[-1].startswith("^"):
        del node.input[-1]
        return True
    node.input.append(f"^{generator.choice(body.nodes).name}")
    return True


_EDITS: tuple[Callable[[_Body, Any, random.Random], bool], ...] = (
    _swap_inputs, _change_op, _change_op, _read_elsewhere, _read_elsewhere, _read_other_side,
    _change_constant, _change_constant, _change_number, _insert, _bypass, _copy, _wait,
)  # fmt: skip
