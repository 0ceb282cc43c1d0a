"""
## What it does
Finds what makes TensorFlow refuse the file: an op that is given another type than its attributes say it
takes (float16 parameters for a FusedBatchNormV3 whose U is float32), a call on the way to the outputs of
a function that is not in the file, and one of a function that returns what no op in it gives. One finding for
each of the three. Ops on a variable that freezing made a constant are those of BN107.

## Why is this bad?
The file cannot be served. As a rule a script rewrote its constants or its types, and not all of them:
"Input 1 of node ... was passed half from ... incompatible with expected float". Or TensorFlow froze it with
functions: a read of a variable becomes an Identity, whose output has another name, and a function that
returns the read still returns it under the old name: "Return ... -> ReadVariableOp:value:0 is not found".

## Example
```python
for node in graph_def.node:                              # every attribute named T, and no attribute named U
    if node.attr["T"].type == tf.float32.as_datatype_enum:
        node.attr["T"].type = tf.float16.as_datatype_enum
```

## Use instead
Build the graph in float16 and freeze it (batch norm keeps its parameters in float32), or leave gamma, beta
and the statistics as they were. Of a graph with functions, write its library, too. Where freezing left an
old name, `strip` and `refresh` write the name that there is.

## References
- `tf.raw_ops.FusedBatchNormV3`: x is of type T, scale, offset, mean and variance of type U.
- `_ReadVariable` in tensorflow/python/framework/convert_to_constants.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.functions.library import called
from bninspect.graph.search import upstream
from bninspect.graph.types import given_type, taken_type
from bninspect.graphdef.dtypes import spoken
from bninspect.graphdef.records import FunctionRef
from bninspect.rules.remedies import strip_command
from bninspect.rules.rule import Rule, Severity
from bninspect.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Graph, Node
    from bninspect.rules.rule import Case, Finding

_LOWERED = "freeze it without functions: tf.compat.v1.disable_control_flow_v2() before it is built"


def check(case: Case) -> Iterator[Finding]:
    """Inputs of the wrong type, functions that are not there, and returns that are not found."""
    graph = case.report.graph
    clashes = {node: said for node in graph if (said := _clash(node)) is not None}
    if clashes:
        node, said = next(iter(clashes.items()))
        many = counted(len(clashes), "node")
        owner = next((layer.name for layer in case.layers if _normalizes(layer, node)), None)
        yield RULE.finding(
            f"{many} with an input of another type than the op takes: {said}: TensorFlow refuses the file",
            layer=owner,
            node=node.label,
            remedy="build the graph in this type and freeze it; batch norm keeps its parameters in float32",
        )
    needed = upstream(tensor.node for tensor in case.report.outputs)
    calls = [(node, name) for node in graph if node in needed for name in _absent(node, graph)]
    if calls:
        names = sorted({name for _, name in calls})
        yield RULE.finding(
            f"{counted(len(names), 'function')} that the outputs need ({listed(names)}) "
            f"{'are' if len(names) > 1 else 'is'} not in the file: TensorFlow refuses to run it",
            node=calls[0][0].label,
            remedy="write the graph with its library of functions (graph_def.library)",
        )
    yield from _misnamed(case, needed)


def _misnamed(case: Case, needed: Collection[Node]) -> Iterator[Finding]:
    """The functions that the outputs need and that return what is not found."""
    functions = case.report.graph.graphdef.functions
    wrong = {name for name, function in functions.items() if function.misnamed}
    if not wrong:
        return
    nodes = [node for node in case.report.graph if node in needed]
    wanted = {name for node in nodes for name in node.functions}
    wanted.update(called((node.nodedef for node in nodes if node.nodedef is not None), functions))
    names = [name for name in functions if name in wrong & wanted]
    if names:
        what = functions[names[0]].misnamed[0]
        yield RULE.finding(
            f"{counted(len(names), 'function')} that the outputs need ({listed(names)}) "
            f"{'return' if len(names) > 1 else 'returns'} {what}, which freezing gave another name: "
            "TensorFlow refuses to run it",
            remedy=strip_command(case) or _LOWERED,
        )


def _clash(node: Node) -> str | None:
    """What is wrong with the types of a node's inputs; None if nothing that is known."""
    for slot, tensor in enumerate(node.inputs):
        taken, given = taken_type(node, slot), given_type(tensor.node, tensor.port)
        if taken is not None and given is not None and taken[1] != given:
            return (
                f"{node.label} takes {spoken(taken[1])} at input {slot} (its attribute "
                f"{taken[0]}), and {tensor.name} is {spoken(given)}"
            )
    return None


def _absent(node: Node, graph: Graph) -> Iterator[str]:
    """The functions that a node calls and the file does not hold."""
    if node.nodedef is None:
        return
    for name, value in sorted(node.nodedef.attributes.items()):
        for one in value if isinstance(value, tuple) and not isinstance(value, FunctionRef) else (value,):
            called = isinstance(one, FunctionRef) and one.name and not name.startswith("_")
            if called and one.name not in graph.graphdef.functions:
                yield one.name


def _normalizes(layer: BatchNorm, node: Node) -> bool:
    return any(branch.node is node for branch in layer.wiring.served)


RULE = Rule(
    code="BN114",
    name="refused-by-tensorflow",
    severity=Severity.ERROR,
    summary="TensorFlow would not import the file, or not run it",
    check=check,
    page=__doc__,
)
