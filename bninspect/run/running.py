"""A program that runs, batch by batch, and what of it has no value.

A tensor in a branch that is not taken, or in a loop, has no value to fetch, which TensorFlow says when it
runs, of one tensor at a time. So what is wanted is asked for until all that is left has values; what was lost
is recorded with the reason, and not asked for again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, NamedTuple

from bninspect.errors import Absent, RunError
from bninspect.run.seeds import number
from bninspect.run.session import NoValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.run.program import Program
    from bninspect.run.session import Session

    Array = NDArray[Any]


class Wish(NamedTuple):
    """Tensors that are of use together or not at all."""

    what: Any
    """What the asker calls it; hashable."""
    names: tuple[str, ...]
    """What to fetch."""
    fate: Hashable
    """Wishes of one fate have a value together, or none of them has: the branches they stand in."""


def each(names: Iterable[str]) -> list[Wish]:
    """A wish for every name, with a fate of its own."""
    return [Wish(name, (name,), name) for name in names]


class Running:
    """A program in a session that opens with the first run; close it, or use it in a `with`."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.lost: dict[Hashable, Absent] = {}
        """Fate -> what was found to have no value first, and why."""
        self.number = 0
        """Of the next run, counted from 0: what is drawn depends on it."""
        self.seconds = 0.0
        """How long the last run took."""
        self._session: Session | None = None
        self._draws = program.draws

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def open(self) -> None:
        """Opens the session, if none is open. Raises RunError where an op or the graph is refused."""
        if self._session is None:
            self._session = self.program.session()

    def close(self) -> None:
        """Frees the session. The next run opens a new one."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def anew(self) -> None:
        """Has a program that draws random numbers draw those of the first run next."""
        self.number = 0
        self._forget_draws()

    def _forget_draws(self) -> None:
        """Closes a session that knows how often it drew."""
        if self._draws and self.program.keeps_state:
            self.close()

    def run(self, fetches: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
        """The values of these tensors (`op:0`), in order. Raises NoValueError, RunError."""
        self.open()
        assert self._session is not None
        start = time.monotonic()
        values = self._session.run(fetches, {**feeds, **number(self.number)} if self._draws else feeds)
        self.number += 1
        self.seconds = time.monotonic() - start
        return values

    def values(self, wishes: Iterable[Wish], feeds: Mapping[str, Array]) -> dict[Wish, list[Array]]:
        """The values of each wish that has some, in order; `lost` tells of the others.

        A run that failed counts for nothing: the next one has its number, and draws as it would have. Raises
        RunError.
        """
        alive = [wish for wish in wishes if wish.fate not in self.lost]
        while alive:
            try:
                values = iter(self.run([name for wish in alive for name in wish.names], feeds))
                return {wish: [next(values) for _ in wish.names] for wish in alive}
            except NoValueError as error:
                owners = [wish for wish in alive for _ in wish.names]
                lost = owners[error.index]
                self.lost[lost.fate] = Absent(what=str(lost.what), reason=str(error))
                alive = [wish for wish in alive if wish.fate != lost.fate]
                self._forget_draws()
        return {}


def within(limit: float, work: Callable[[], Any]) -> Any:
    """What the work gives. Raises what it raises; RunError if it does not return in `limit` seconds.

    TensorFlow's optimizer does not return on some graphs (a control edge that ends on a Switch, 2.21). What
    does not return cannot be stopped from Python; the thread ends with the process.
    """
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = work()
        except Exception as error:
            outcome["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit)
    if "error" in outcome:
        raise outcome["error"]
    if "value" not in outcome:
        raise RunError(f"TensorFlow did not return within {limit:.0f} s, with its graph optimizer on")
    return outcome["value"]
