"""`--jobs` and `--parts`: the batches measured in tasks, by several processes or in turns, kept in files.

A task is a fixed range of batches, whoever measures it. Its batches are folded in order by the one process
that asked, so that the written bytes do not depend on the number of workers or on who finishes first. Whoever
measures one takes one thread, for the same reason.
"""

from __future__ import annotations

import pickle
from threading import Lock
from typing import TYPE_CHECKING

from bninspect.commands.refresh.batches import TrainingRun, training_run
from bninspect.commands.refresh.engines import measured_by
from bninspect.commands.refresh.plan import plan_model
from bninspect.commands.refresh.training_program import training_program
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.run import settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from bninspect.commands.refresh.estimates import Batch, Measured, Task
    from bninspect.commands.refresh.part_folder import PartFolder
    from bninspect.commands.refresh.plan import RefreshOptions
    from bninspect.inputs.request import Request
    from bninspect.options import Device

BATCHES_OF_A_TASK = 4
"""Few, so that little is lost with a worker that ends; and more than one, for while one batch runs the next
is made.
"""
BY_THEMSELVES = 8
"""So many of the last batches are a task each, so that workers are done at about the same time: one that
started later does fewer of them.
"""


@frozen_dataclass
class Work:
    """What a worker needs to know: it reads the model, and the images, itself."""

    model: str
    options: RefreshOptions
    request: Request
    device: Device

    def run(self) -> TrainingRun:
        """The model ready to be run. Raises BninspectError."""
        options = self.options
        made = plan_model(self.model, options)
        program = training_program(made.report, made.layers, stripped=made.stripped, mixed=options.keeps_old)
        kept = options.kept_share if options.keeps_old else None
        run = training_run(made.report, program, self.request, options.allowed_ops, kept)
        run.one_thread = settings.has_own_pools()
        return run


def in_tasks(
    run: TrainingRun, work: Work, folder: PartFolder | None
) -> Generator[tuple[Batch, int], None, None]:
    """The batches of the run in order, measured by as many workers as the options say, or by this process;
    those in the folder are read from there. Raises as `estimate`, and RunError for a worker that ended.
    """
    tasks = division(run.batches)
    kept = {} if folder is None else {task: found for task in tasks if (found := folder.read(task))}
    todo = [task for task in tasks if task not in kept]
    options = work.options
    results: Iterator[Measured] = (run.task(*task) for task in todo)
    if todo and (options.jobs or options.engine):
        results = measured_by(options.engine, options.jobs, measure_in_worker, pickle.dumps(work), run, todo)
    for task in tasks:
        found = kept.get(task) or next(results)
        if folder is not None and task not in kept:
            folder.write(task, found)
        run.lost.update(found.lost)
        yield from found.batches


def division(batches: int) -> list[Task]:
    """The tasks that so many batches are, in order."""
    together = max(batches - BY_THEMSELVES, 0) // BATCHES_OF_A_TASK * BATCHES_OF_A_TASK
    starts = [*range(0, together, BATCHES_OF_A_TASK), *range(together, batches)]
    return list(zip(starts, [*starts[1:], batches], strict=True))


_runs: dict[bytes, TrainingRun] = {}
"""Of a worker: the model that it has read, by its work."""
_in_turn = Lock()
"""A worker of dask has several threads; a run is for one at a time."""


def measure_in_worker(packed: bytes, first: int, last: int) -> Measured:
    """One task of the work that is packed, in a worker, which keeps the model for the next."""
    with _in_turn:
        run = _runs.get(packed)
        if run is None:
            for other in _runs.values():
                other.close()
            _runs.clear()
            work: Work = pickle.loads(packed)
            settings.use(work.device)
            run = _runs[packed] = work.run()
        return run.task(first, last)
