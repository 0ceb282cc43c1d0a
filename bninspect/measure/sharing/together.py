"""All that a probe runs, in one graph and one session as far as can be.

Beside both modes (`both_modes`) stand the model as it serves, which the companions are tested on, the copies
that are held against the original, and the original itself. What two of them have in common stands there once
(`rewrite.copies`), weights above all. The original stands apart where what is drawn depends on how often the
session drew before (`run.seeds`), for each has to draw from the start, and where TensorFlow refuses all of
them together: then what is wrong with it is said of it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from bninspect.errors import RunError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.rewrite.copies import copies
from bninspect.run.program import Program
from bninspect.run.running import Running

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from bninspect.graphdef import GraphDef
    from bninspect.measure.both_modes import BothModes

Place = Callable[[str], str]
"""Name of a tensor of the original (`op:0`) -> its name in what runs."""


@frozen_dataclass
class Original:
    """The part of the model, as it is, that something is held against."""

    graphdef: GraphDef
    """Cut at what is fed."""
    fetched: tuple[str, ...]
    fed: frozenset[str]

    def program(self, allowed: Collection[str]) -> Program:
        """What runs of it alone."""
        return Program.of(self.graphdef, self.fetched, self.fed, allowed)


@frozen_dataclass
class Together:
    """What runs, and where."""

    parts: Mapping[str, tuple[BothModes, Running]]
    """Each part, as it stands in what runs."""
    original: tuple[Running, Place] | None


@contextmanager
def together(
    parts: Mapping[str, BothModes], original: Original | None, allowed: Collection[str]
) -> Iterator[Together]:
    """The parts and the original in one session, open; the first part is the one that has to run, and some of
    the parts may be the same.

    Raises RunError where the first part is refused. Another that is refused says so when it is run.
    """
    distinct = list({id(part): part for part in parts.values()}.values())
    tries: list[tuple[list[BothModes], Original | None]] = []
    if original is not None:
        tries.append((distinct, original))
    tries += [(distinct, None), (distinct[:1], None)][: len(distinct)]
    with ExitStack() as opened:
        views, running, place = _first_that_opens(tries, allowed)
        opened.callback(running.close)
        seats = {id(part): (view, running) for part, view in zip(distinct, views, strict=False)}
        for part in distinct[len(views) :]:
            seats[id(part)] = (part, opened.enter_context(Running(part.program(allowed))))
        beside = None
        if place is not None:
            beside = running, place
        elif original is not None:
            beside = opened.enter_context(Running(original.program(allowed))), str
        yield Together(parts={role: seats[id(part)] for role, part in parts.items()}, original=beside)


def _first_that_opens(
    tries: Sequence[tuple[list[BothModes], Original | None]], allowed: Collection[str]
) -> tuple[list[BothModes], Running, Place | None]:
    """Of the first of these that opens: its parts as they stand in it, what runs it, and where the original
    stands. Raises RunError of the last where none does.
    """
    for number, (parts, original) in enumerate(tries, 1):
        program, views, place = _joined(parts, original, allowed)
        if original is not None and program.keeps_state:
            continue
        running = Running(program)
        try:
            running.open()
        except RunError:
            if number == len(tries):
                raise
        else:
            return views, running, place
    raise AssertionError("there is always one to try")


def _joined(
    parts: Sequence[BothModes], original: Original | None, allowed: Collection[str]
) -> tuple[Program, list[BothModes], Place | None]:
    """All of them in one program."""
    graphdef, views = parts[0].graphdef, [parts[0]]
    for number, part in enumerate(parts[1:]):
        into = copies(graphdef, part.graphdef, prefix=f"beside_{number}")
        graphdef = into.graphdef
        views.append(part.moved(into))
    fetched = {name for view in views for name in view.fetched}
    fed = {name for view in views for name in view.cut_at}
    originals = {new: old for view in views for new, old in view.originals.items()}
    place = None
    if original is not None:
        into = copies(graphdef, original.graphdef, prefix="original")
        graphdef, place = into.graphdef, into.second
        fetched |= set(map(place, original.fetched))
        fed |= set(map(place, original.fed))
        originals |= {new: old for old, new in into.renamed.items()}
    return Program.of(graphdef, fetched, fed, allowed, originals), views, place
