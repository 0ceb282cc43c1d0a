"""
## What it does
Finds ops that change a variable (Assign, AssignSub, RefSwitch, AssignVariableOp, ...) whose variable
freezing made a constant. One finding per layer, and one for all constants that are no layer's.

## Why is this bad?
TensorFlow refuses the whole file, even where nothing reaches the op: "Input 0 of node ... was passed float
from ... incompatible with expected float_ref" (or `resource`).

## Example
```python
# The updates stand in a branch of the graph that is frozen.
mean, variance = tf.cond(training, lambda: update_and_give_batch_statistics(), lambda: stored_statistics())
graph_def = tf.graph_util.convert_variables_to_constants(session, graph_def, ["output"])
```

## Use instead
Freeze a graph that was built for inference, or take the updates out of the file, where that can be done:
```sh
bninspect strip MODEL -o OUT
```

## References
- https://github.com/tensorflow/tensorflow/issues/3628, "Unable to import frozen graph with batchnorm".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode
from bninspect.graph.trace import same
from bninspect.graph.updates import updates_of_constants
from bninspect.rules.remedies import obstacle, strip_command
from bninspect.rules.rule import Rule, Severity
from bninspect.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graph import Node
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Ops on a variable that is none, by the layer whose statistics it was."""
    owners = {
        tensor.name: (layer.name, place)
        for layer in reversed(case.layers)
        for place, tensor in enumerate((layer.moving_mean, layer.moving_variance, layer.gamma, layer.beta))
        if tensor is not None
    }
    found: dict[str | None, list[tuple[int, Node]]] = {}
    for node, target in updates_of_constants(case.report.graph):
        owner, place = owners.get(target.name, (None, 0))
        found.setdefault(owner, []).append((place, node))
    if not found:
        return
    effect, remedy = _fix(case)
    for layer, ranked in found.items():
        nodes = [node for _, node in sorted(ranked, key=lambda rank: (rank[0], rank[1].op, rank[1].name))]
        ops = listed(sorted({node.op for node in nodes}))
        constant = same(nodes[0].inputs[0]).node.label
        yield RULE.finding(
            f"{counted(len(nodes), 'op')} ({ops}) on a variable that freezing made a constant ({constant}): "
            f"TensorFlow refuses the file; {effect}",
            layer=layer,
            node=nodes[0].label,
            remedy=remedy,
        )


def _fix(case: Case) -> tuple[str, str]:
    """(what strip does about the ops, the fix). A model without an inference mode can be stripped of them as
    it is, in training mode.
    """
    command = strip_command(case)
    if command is not None:
        return "strip removes these ops", command
    command = strip_command(case, Mode.TRAINING)
    if command is not None:
        return "strip removes these ops and leaves the layers in training mode", command
    return f"strip cannot remove them: {obstacle(case.report)}", "freeze a graph built without these updates"


RULE = Rule(
    code="BN107",
    name="update-of-a-constant",
    severity=Severity.ERROR,
    summary="an op changes a variable that freezing made a constant, so TensorFlow refuses the file",
    check=check,
    page=__doc__,
)
