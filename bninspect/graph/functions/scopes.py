"""Names -> edges: which tensor an input string means, through arguments of functions and calls written out.

A file may chain calls without end, or have a call feed itself. So every answer that took more than one step
is kept, and a way that comes back to itself is damage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bninspect.errors import GraphDefError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.functions.ports import port
from bninspect.graph.graph import Node, Tensor
from bninspect.graph.search import way

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bninspect.graphdef.records import NodeDef


_FEW = {str(number): number for number in range(10)}
"""The numbers of most outputs, as written."""


class Names(dict[str, Tensor]):
    """The tensors that names mean in one body. Of a node, `node:1` need not be there to be found."""

    __slots__ = ("arguments",)
    arguments: Mapping[str, object]
    """What is no node in it: `argument:0` means what the argument is bound to."""

    def __missing__(self, name: str) -> Tensor:
        base, _, written = name.partition(":")
        first, number = self.get(base), _FEW.get(written)
        if first is None or number is None or base in self.arguments:
            raise KeyError(name)
        return first.node.output(number)


@dataclass(slots=True, eq=False)
class Scope:
    """One body: the top level, or a function at one call."""

    path: str
    functions: tuple[str, ...]
    tensors: Names = field(default_factory=lambda: Names())
    """What a name means: that of a node its first output, and whatever took more than a step."""
    calls: dict[str, Call] = field(default_factory=dict)
    """The calls that are written out, by name."""
    arguments: dict[str, Tensor | tuple[Scope, str]] = field(default_factory=dict)
    """What each argument is bound to: a node that lowering wrote, or an input of the caller's scope."""
    conditions: list[tuple[tuple[Scope, str], bool]] = field(default_factory=list)
    bindings: Mapping[str, Any] = field(default_factory=dict)
    returns: tuple[str, ...] = ()
    control_returns: tuple[str, ...] = ()
    pivot: Node | None = None
    """Lives when the branch of an If is taken: what a node without data inputs there waits for."""

    def __post_init__(self) -> None:
        self.tensors.arguments = self.arguments


@frozen_dataclass(eq=False)
class Call:
    """A call that is written out: what each of its outputs is."""

    nodedef: NodeDef
    bodies: tuple[Scope, ...]
    outputs: list[Tensor | tuple[Scope, str]]


class Edges:
    """The edges of one graph, as its scopes name them."""

    def __init__(self) -> None:
        self._waits: dict[Call, tuple[Node, ...]] = {}
        self._conditions: dict[Scope, tuple[tuple[Tensor, bool], ...]] = {}

    def tensor(self, scope: Scope, name: str, reader: Node | None) -> Tensor:
        """The tensor an input string means, through arguments and written-out calls.

        Raises GraphDefError where there is none.
        """
        found = _step(scope, name)
        return found if isinstance(found, Tensor) else self._far(scope, name, reader)

    def _far(self, scope: Scope, name: str, reader: Node | None) -> Tensor:
        """As `tensor`, where it takes more than a step."""
        found: Tensor | tuple[Scope, str] | None = None

        def onward(place: tuple[Scope, str]) -> tuple[Scope, str] | None:
            nonlocal found
            found = _step(*place)
            return None if isinstance(found, Tensor) else found

        passed = list(way((scope, name), onward))
        if found is None:
            raise GraphDefError(_dangling("reads", passed[-1][1], reader))
        if not isinstance(found, Tensor):
            raise GraphDefError(f"damaged: {_quoted(found[1])} is the result of a call that is given it")
        for within, asked in passed:
            within.tensors[asked] = found
        return found

    def controls(self, scope: Scope, name: str, reader: Node | None) -> tuple[Node, ...]:
        """The nodes a control input waits for; of a written-out call those that run with it."""
        if name in scope.calls:
            return self._waits_of(scope.calls[name], reader)
        if name in scope.tensors or name in scope.arguments:
            return (self.tensor(scope, name, reader).node,)
        raise GraphDefError(_dangling("waits for", name, reader))

    def _waits_of(self, call: Call, reader: Node | None) -> tuple[Node, ...]:
        """As deep as calls are nested, which `flatten` bounds."""
        if call not in self._waits:
            waits: dict[Node, None] = {}
            if len(call.bodies) > 1:  # of an If: what joins its branches, for one of them never runs
                waits.update((output.node, None) for output in call.outputs if isinstance(output, Tensor))
            else:
                for body in call.bodies:
                    waits.update((self.tensor(body, item, reader).node, None) for item in body.returns)
                    for item in dict.fromkeys(body.control_returns):
                        waits.update(dict.fromkeys(self.controls(body, item, reader)))
            self._waits[call] = tuple(waits)
        return self._waits[call]

    def conditions(self, scope: Scope) -> tuple[tuple[Tensor, bool], ...]:
        """The predicates of the Ifs around a scope, outermost first, with the branch it stands in."""
        if scope not in self._conditions:
            self._conditions[scope] = tuple(
                (self.tensor(outer, name, None), taken) for (outer, name), taken in scope.conditions
            )
        return self._conditions[scope]


def _step(scope: Scope, name: str) -> Tensor | tuple[Scope, str] | None:
    """The tensor, or where else to look and for which name; None where nothing has the name."""
    known = scope.tensors.get(name)
    if known is not None:
        return known
    base, _, rest = name.partition(":")
    if base in scope.arguments:
        return scope.arguments[base] if rest in ("", "0") else None
    if base in scope.calls:
        call = scope.calls[base]
        number = _port(call.nodedef.op, rest, name)
        return call.outputs[number] if number < len(call.outputs) else None
    first = scope.tensors.get(base)
    return None if first is None else first.node.output(_port(first.node.op, rest, name))


def data_inputs(nodedef: NodeDef) -> list[str]:
    """The inputs that are tensors."""
    return [name for name in nodedef.inputs if not name.startswith("^")]


def _port(op: str, rest: str, name: str) -> int:
    """The output number behind the first colon: `1`, or `y:0` in a function body."""
    if not rest:
        return 0
    argument, _, index = rest.rpartition(":") if ":" in rest else ("", "", rest)
    if not index.isdecimal() or len(index) > 9:
        raise GraphDefError(f"damaged: {_quoted(name)} is not the name of a tensor")
    return port(op, argument, int(index)) if argument else int(index)


def _dangling(how: str, name: str, reader: Node | None) -> str:
    who = "something" if reader is None else f"node {_quoted(reader.label)}"
    return f"cut short or damaged: {who} {how} {_quoted(name)}, and no node of that name is in the file"


def _quoted(name: str) -> str:
    """A name for a message: on one line, and not of any length."""
    return repr(name if len(name) <= 200 else f"{name[:200]}...")
