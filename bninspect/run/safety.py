"""Whether a program may run: every op in it must be known to do nothing but compute (`pure_ops`).

A model file is a program from a stranger. This keeps it from reading and writing files, talking to the
network or running Python by way of an op made for that. It is no sandbox: a pure op can still exhaust memory
or time, and a flaw in TensorFlow's own kernels stays one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.errors import RunError
from bninspect.run import session
from bninspect.run.pure_ops import PURE_OPS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bninspect.graphdef import GraphDef

_REASONS = (
    ("the model is not frozen (freeze it first)", ("Variable", "VarHandleOp", "ReadVariable", "VarIsInit")),
    ("it updates a variable", ("Assign", "Ref", "ScatterUpdate", "Apply", "ResourceApply")),
    ("it reads or writes a checkpoint", ("Restore", "Save", "MergeV2Checkpoints")),
    ("it runs Python", ("PyFunc", "EagerPyFunc")),
    ("it prints", ("Print", "Debug", "LogString", "Dump")),
    ("it reads a dataset", ("Iterator", "OneShot", "MakeIterator")),
    ("it reads or writes a file", ("ReadFile", "WriteFile", "MatchingFiles", "ImmutableConst")),
)
"""What an op does, and how the names of such ops begin."""


def check(program: GraphDef, allowed: Collection[str] = ()) -> None:
    """Returns when every op of the program is pure, a call of a function in it that is named like no op, or
    named in `allowed`.

    Raises RunError that names the op, the node and the option that would let it through.
    """
    for name in program.functions:
        if name not in allowed and session.is_op(name):
            raise RunError(
                f"function {name} of this file is not run: an op of TensorFlow has the same name, and the "
                "file must not choose which of the two runs"
            )
    for op, where in _ops(program):
        if op in PURE_OPS or op in program.functions or op in allowed:
            continue
        raise RunError(
            f"op {op} (node {where}) is not on the allow-list{_reason(op)} (`--allow-op {op}` runs it, if "
            "you trust this model)"
        )


def _ops(program: GraphDef) -> Iterator[tuple[str, str]]:
    """(op, where it stands) of every node, those in function bodies as `function/node`."""
    for node in program.nodes:
        yield node.op, node.name
    for function in program.functions.values():
        for node in function.nodes:
            yield node.op, f"{function.name}/{node.name}"


def _reason(op: str) -> str:
    """` because ...`: what the op does, if its name tells; empty otherwise."""
    for reason, prefixes in _REASONS:
        if op.startswith(prefixes):
            return f" because {reason}"
    if "Summary" in op:
        return " because it writes a summary"
    if "Dataset" in op or "Reader" in op or "Queue" in op:
        return " because it reads data of its own"
    return ""
