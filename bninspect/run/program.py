"""A program: what is handed to TensorFlow, made ready once and in one order, whoever runs it.

1. Kept is what the fetches need (`needed`), and cut what stands before a fed tensor.
2. Internal ops are written out (`unfused`), which run on few processors.
3. Random ops draw by their names and the number of the run (`seeds`), so that two programs draw the same.
4. Every op is held against the allow-list (`safety`) before a session is opened (`running`).

As its users will run it, a graph is not written out, and TensorFlow's graph optimizer is on.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graphdef.writer import serialized
from bninspect.run import safety
from bninspect.run.needed import cut
from bninspect.run.pure_ops import RANDOM_OPS
from bninspect.run.seeds import NUMBER, seeded
from bninspect.run.session import Session
from bninspect.run.unfused import unfused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from bninspect.graphdef import GraphDef

    Array = NDArray[Any]


@frozen_dataclass
class Program:
    """Records that are ready to run."""

    graphdef: GraphDef
    allowed: frozenset[str]
    """Ops let through besides the pure ones."""
    optimized: bool = False
    """Whether TensorFlow's graph optimizer is on, with the settings of a session that nobody set."""
    one_thread: bool = False
    """Whether it takes one thread, whose sums are the same whoever makes them."""
    originals: Mapping[str, str] = field(default_factory=dict)
    """The name that a node has in the model, where that is another."""

    @classmethod
    def of(
        cls,
        graphdef: GraphDef,
        fetched: Iterable[str],
        fed: Collection[str] = (),
        allowed: Iterable[str] = (),
        originals: Mapping[str, str] | None = None,
    ) -> Program:
        """What the fetches (`op:0`) need where these tensors are fed, to be run as it is written.

        `originals` tells the name in the original of a node that is called otherwise here.
        """
        part = seeded(unfused(cut(graphdef, fed, fetched)), originals)
        return cls(graphdef=part, allowed=frozenset(allowed), originals=originals or {})

    @classmethod
    def as_served(
        cls, graphdef: GraphDef, fetched: Iterable[str], fed: Collection[str], allowed: Iterable[str] = ()
    ) -> Program:
        """The same as its users will run it."""
        part = seeded(cut(graphdef, fed, fetched))
        return cls(graphdef=part, allowed=frozenset(allowed), optimized=True)

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers at its top level: then each run gives others."""
        return any(node.name == NUMBER for node in self.graphdef.nodes)

    @property
    def keeps_state(self) -> bool:
        """Whether what it draws depends on how often its session drew before."""
        return any(node.op in RANDOM_OPS for node in self.graphdef.nodes)

    def held(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Those of the feeds (`op:0` -> value) whose nodes it has."""
        names = {node.name for node in self.graphdef.nodes}
        return {name: value for name, value in feeds.items() if name.rpartition(":")[0] in names}

    def session(self) -> Session:
        """A new session for it. Raises RunError where an op is refused, TensorFlow is missing, or it refuses
        the graph.
        """
        safety.check(self.graphdef, self.allowed)
        return Session(
            serialized(self.graphdef),
            optimized=self.optimized,
            one_thread=self.one_thread,
            originals=self.originals,
        )
