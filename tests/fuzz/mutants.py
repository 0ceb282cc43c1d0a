"""Mutants: the bytes of a seed changed blindly, its messages field by field, its text word by word."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

from tests.fuzz import data_sets
from tests.fuzz.rewiring import rewire
from tests.fuzz.seeds import parsed

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from tests.fuzz.seeds import Seed

_NUMBERS = (-1, 0, 1, 2, 7, 255, 1 << 31, (1 << 62) + 1, -(1 << 63))
_WORDS = ("", "true", "-1", "1e400", "nan", "inf", "9223372036854775807", "{", "}", "[", '"', "node", "attr")
_OPS = (
    "Identity", "Switch", "Merge", "Sub", "Mul", "Mean", "NoOp", "Const", "Placeholder", "Enter", "Exit",
    "If", "NextIteration", "LogicalNot", "Reshape", "Rsqrt", "FusedBatchNormV3", "VariableV2", "Select",
    "While", "AssignSub", "PartitionedCall", "IdentityN", "AddN", "Cast", "Pow", "ConcatV2",
    "GatherV2", "Pack",
)  # fmt: skip


def mutant(seed: Seed, folder: Path, generator: random.Random) -> Path:
    """The path of a damaged copy of the seed in this folder."""
    target = folder / seed.path.name
    if seed.kind == "checkpoint":
        return _of_checkpoint(seed, folder, generator)
    if seed.kind in data_sets.KINDS:
        target.write_bytes(data_sets.damaged(seed.kind, seed.path.read_bytes(), generator, _of_bytes))
    elif seed.kind == "text" or (seed.kind == "configuration" and generator.random() < 0.5):
        target.write_text(_of_text(seed.path.read_text(encoding="utf-8"), generator), encoding="utf-8")
    elif seed.kind in ("hdf5", "configuration") or generator.random() < 0.25:
        target.write_bytes(_of_bytes(seed.path.read_bytes(), generator))
    else:
        message: Any = parsed(seed)
        damage(message, generator)
        target.write_bytes(message.SerializeToString(deterministic=True))
    return target


def _of_checkpoint(seed: Seed, folder: Path, generator: random.Random) -> Path:
    """The graph as it is, beside damaged files of values."""
    for file in seed.path.parent.glob(f"{seed.path.stem}.*"):
        shutil.copy(file, folder / file.name)
    damaged = generator.choice([file for file in sorted(folder.iterdir()) if file.suffix != ".meta"])
    damaged.write_bytes(_of_bytes(damaged.read_bytes(), generator))
    return folder / seed.path.name


def _of_bytes(data: bytes, generator: random.Random) -> bytes:
    """Some bytes changed, cut out, doubled, or the end cut off."""
    changed = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 4, 16))):
        at = generator.randrange(len(changed) + 1)
        size = generator.choice((1, 1, 2, 8, 100))
        match generator.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << generator.randrange(8)
            case 1:
                changed[at : at + size] = generator.randbytes(size)
            case 2:
                del changed[at : at + size]
            case 3:
                changed[at:at] = changed[at : at + size]
            case _:
                changed[at : at + 1] = bytes((generator.choice((0, 1, 0x7F, 0x80, 0xFF)),))
    return bytes(changed[: generator.randrange(len(changed) + 1)] if generator.random() < 0.1 else changed)


def _of_text(text: str, generator: random.Random) -> str:
    """Some words exchanged, doubled or left out."""
    words = re.split(r"(\W+)", text)
    for _ in range(generator.choice((1, 1, 2, 4))):
        at = generator.randrange(len(words))
        words[at] = generator.choice((words[at] * 2, *_WORDS, generator.choice(words)))
    return "".join(words)


def damage(message: Any, generator: random.Random) -> None:
    """Damages the graph of a message, or a function in it, in place: edges and constants, or any field."""
    graph = message
    if hasattr(message, "meta_graphs") and message.meta_graphs:
        graph = generator.choice(message.meta_graphs).graph_def
    elif hasattr(message, "graph_def"):
        graph = message.graph_def
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    if generator.random() < 0.7:
        rewire(bodies, generator)
        return
    nodes = [node for body in bodies for node in body]
    for _ in range(generator.choice((1, 1, 1, 2, 3, 8)) if nodes else 0):
        node = generator.choice(nodes)
        if node.attr and generator.random() < 0.45:
            _damage_attribute(node, generator, nodes)
        else:
            _damage_node(node, generator, nodes)


def _damage_node(node: Any, generator: random.Random, nodes: list[Any]) -> None:
    """Its inputs dropped, doubled, swapped, sent elsewhere; its op or its name another."""
    inputs, other = list(node.input), generator.choice(nodes)
    at = generator.randrange(len(inputs)) if inputs else 0
    match generator.randrange(9):
        case 0:
            del inputs[at : at + 1]
        case 1:
            inputs[at:at] = inputs[at : at + 1]
        case 2:
            generator.shuffle(inputs)
        case 3:
            inputs[at : at + 1] = [f"{other.name}:{generator.choice((0, 1, 2, 5, 10**6))}"]
        case 4:
            inputs.insert(at, f"^{other.name}")
        case 5:
            node.op = generator.choice((*_OPS, other.op))
        case 6:
            inputs.clear()
        case 7:
            inputs[at : at + 1] = [node.name]  # reads itself
        case _:
            other.input.append(node.name)
    node.input[:] = [text for text in inputs if not text.startswith("^")]
    node.input.extend(text for text in inputs if text.startswith("^"))


def _damage_attribute(node: Any, generator: random.Random, nodes: list[Any]) -> None:
    """An attribute dropped, taken from elsewhere, or of a made-up value of any kind."""
    key = generator.choice(sorted(node.attr))
    donor = generator.choice(nodes)
    value = node.attr[key]
    match generator.randrange(8):
        case 0:
            del node.attr[key]
        case 1 if donor.attr:
            value.CopyFrom(donor.attr[generator.choice(sorted(donor.attr))])
        case 2 if value.HasField("tensor"):
            _damage_tensor(value.tensor, generator)
        case 3 if value.HasField("shape"):
            value.shape.dim.add(size=generator.choice(_NUMBERS))
        case 4:
            value.f = generator.choice((float("nan"), float("inf"), -1.0, 0.0, 1e38))
        case 5:
            value.func.name = generator.choice(nodes).op
            value.func.attr["T"].type = 1
        case 6:
            value.list.func.add(name="f")
        case _:
            value.i = generator.choice(_NUMBERS)


def _damage_tensor(tensor: Any, generator: random.Random) -> None:
    """Another type, another shape, other values."""
    match generator.randrange(4):
        case 0:
            tensor.dtype = generator.choice((1, 2, 3, 7, 8, 9, 10, 14, 19, 20, 99))
        case 1:
            tensor.tensor_shape.dim.add(size=generator.choice(_NUMBERS))
        case 2 if tensor.tensor_shape.dim:
            generator.choice(tensor.tensor_shape.dim).size = generator.choice(_NUMBERS)
        case _:
            tensor.tensor_content = generator.randbytes(generator.choice((0, 1, 3, 4, 8, 64)))
