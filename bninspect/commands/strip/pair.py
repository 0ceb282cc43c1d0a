"""A stripped model and its original side by side: one feed goes to both, and what they give is paired.

Random ops have the same seeds in both. What was flipped is fed to the original from the new graph (see
`stripped`), and what has no value in the original, in a branch not taken, is left out.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from bninspect.commands.strip.as_served import run_as_served
from bninspect.commands.strip.rounds import ImpossibleError
from bninspect.errors import BninspectError, RunError
from bninspect.run.program import Program
from bninspect.run.running import Running, each

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.commands.strip.by_formula import Flipped
    from bninspect.commands.strip.rounds import Round
    from bninspect.graph import Tensor
    from bninspect.graphdef import GraphDef
    from bninspect.rewrite.strip import Stripped

    Array = NDArray[Any]
    Feeds = dict[str, Array]


class BrokenError(BninspectError):
    """The original runs, and the new graph does not."""


class ProgramPair:
    """Both programs, each in a session of its own from the first run on."""

    def __init__(
        self,
        stripped: Stripped,
        tensors: Mapping[Tensor, str],
        flipped: Sequence[Flipped],
        one: Round,
        allowed: Collection[str],
    ) -> None:
        self._tensors = {tensor.name: name for tensor, name in tensors.items()}
        self._outputs = [stripped.pruned.names[tensor] for tensor in stripped.report.outputs]
        self._flipped = flipped
        self._handed = {**one.handed, **{layer.original: layer.output for layer in flipped}}
        self._decided = dict(one.feeds)
        self._allowed = allowed
        self._new = stripped.pruned.graphdef
        self._held = {node.name for node in self._new.nodes}
        self._original = stripped.report.graph.graphdef
        self._sessions = ExitStack()
        self._last: tuple[dict[str, Array], Feeds, float] = ({}, {}, 0.0)
        self._ours: Running | None = None
        self._theirs: Running | None = None

    def __enter__(self) -> ProgramPair:
        return self

    def __exit__(self, *error: object) -> None:
        self._sessions.close()

    def run(self, batch: Feeds) -> Iterator[tuple[str, Array, Array]]:
        """(tensor, its value in the new graph, what it has to be) of one batch.

        Raises ImpossibleError where the original does not run, BrokenError where the new graph alone does
        not, or has no value where the original has one.
        """
        own: dict[str, Array] = {}
        failure: BninspectError | None = None
        try:
            own = self._run_ours(batch)
        except BninspectError as error:
            failure = error
        given = {original: own[name] for original, name in self._handed.items() if name in own}
        try:
            original = self._run_theirs({**batch, **self._decided, **given})
        except BninspectError as error:
            raise ImpossibleError(_neither(error, failure)) from error
        if failure is not None:
            raise BrokenError(f"the new model does not run: {failure}") from failure
        for tensor in original:
            if self._tensors[tensor] not in own:
                raise BrokenError(f"{tensor} has a value in the original and none in the new model")
        for one in self._flipped:
            yield one.original, own[one.output], one.expected(own)
        for tensor, value in original.items():
            yield tensor, own[self._tensors[tensor]], value

    def serve(self) -> None:
        """Runs the new graph once more on the last batch, as its users will, if it ran at all.

        Raises BrokenError.
        """
        own, fed, seconds = self._last
        if not own:
            return
        expected = {name: own[name] for name in self._outputs if name in own}
        try:
            run_as_served(self._new, expected, fed, seconds, self._allowed)
        except RunError as error:
            raise BrokenError(f"the new model does not run as it is served: {error}") from error

    def _opened(self, graphdef: GraphDef, fed: Feeds, tensors: Collection[str]) -> Running:
        """What runs what these tensors depend on."""
        program = Program.of(graphdef, tensors, fed, self._allowed)
        return self._sessions.enter_context(Running(program))

    def _run_ours(self, batch: Feeds) -> dict[str, Array]:
        """The tensors compared that have a value in the new graph, by their names there."""
        given = {**batch, **self._decided}  # others may read what decides, too
        fed = {name: value for name, value in given.items() if name.rpartition(":")[0] in self._held}
        by_formula = dict.fromkeys(name for one in self._flipped for name in one.names)
        wanted = dict.fromkeys((*self._tensors.values(), *self._handed.values(), *by_formula))
        if self._ours is None:
            self._ours = self._opened(self._new, fed, wanted)
        self._ours.anew()
        own = {wish.names[0]: value for wish, [value] in self._ours.values(each(wanted), fed).items()}
        for name in by_formula:
            if name not in own:
                raise RunError(self._ours.lost[name].reason)
        self._last = own, fed, self._ours.seconds
        return own

    def _run_theirs(self, fed: Feeds) -> dict[str, Array]:
        """The tensors that have a value in the original, by their names there; not those that are fed."""
        if self._theirs is None:
            self._theirs = self._opened(self._original, fed, self._tensors)
        self._theirs.anew()
        names = [name for name in self._tensors if name not in fed]
        return {wish.names[0]: value for wish, [value] in self._theirs.values(each(names), fed).items()}


def _neither(error: BninspectError, failure: BninspectError | None) -> str:
    """Why the original does not run, and whether the new graph does."""
    if failure is None:
        return f"{error}; the new model runs"
    if str(failure) == str(error):
        return f"{error}; the new model does not run either"
    return f"{error}; the new model does not run either: {failure}"
