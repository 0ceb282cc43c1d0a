"""`--jobs` and `--parts`: the batches measured in tasks, by several processes or in turns, kept in files.

A task is a fixed range of batches, whoever measures it. Its batches are folded in order by the one process
that asked, so that the written bytes do not depend on the number of workers or on who finishes first. Each
worker has one thread, for the same reason. joblib gives out the tasks, on the engine that the user runs.
"""

from __future__ import annotations

import os
import pickle
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from bninspect.commands.refresh.batches import TrainingRun, training_run
from bninspect.commands.refresh.estimates import Measured
from bninspect.commands.refresh.plan import plan_model
from bninspect.commands.refresh.training_program import training_program
from bninspect.errors import BninspectError, InputError, RunError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from bninspect.commands.refresh.estimates import Batch, Task
    from bninspect.commands.refresh.part_folder import PartFolder
    from bninspect.commands.refresh.plan import RefreshOptions
    from bninspect.inputs.request import Request

BATCHES_OF_A_TASK = 4
"""Few, so that workers are done at about the same time, and little is lost with one that ends."""
_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker needs to know: it reads the model, and the images, itself."""

    model: str
    options: RefreshOptions
    request: Request

    def run(self) -> TrainingRun:
        """The model ready to be run. Raises BninspectError."""
        made = plan_model(self.model, self.options)
        program = training_program(made.report, made.layers, made.stripped)
        return training_run(made.report, program, self.request, self.options.allowed_ops)


def in_tasks(
    run: TrainingRun, work: Work, folder: PartFolder | None
) -> Generator[tuple[Batch, int], None, None]:
    """The batches of the run in order, measured by as many workers as the options say, or by this process;
    those in the folder are read from there. Raises as `estimate`, and RunError for a worker that ended.
    """
    jobs = work.options.jobs
    engine = work.options.engine or (None if jobs is None else "loky")
    tasks = [
        (first, min(first + BATCHES_OF_A_TASK, run.batches))
        for first in range(0, run.batches, BATCHES_OF_A_TASK)
    ]
    kept = {} if folder is None else {task: found for task in tasks if (found := folder.read(task))}
    todo = [task for task in tasks if task not in kept]
    results = _alone(run, todo) if engine is None else _by_workers(work, todo, jobs, engine)
    for task in tasks:
        found = kept.get(task) or next(results)
        if folder is not None and task not in kept:
            folder.write(task, found)
        run.lost.update(found.lost)
        yield from found.batches


def _alone(run: TrainingRun, todo: Sequence[Task]) -> Iterator[Measured]:
    """Each task, one after the other, in this process."""
    for first, last in todo:
        yield Measured(list(run.measured(first, last)), dict(run.lost))


def _by_workers(work: Work, todo: Sequence[Task], jobs: int | None, engine: str) -> Iterator[Measured]:
    """Each task in order, as soon as it is there. Raises RunError if a worker ends before its task."""
    if not todo:
        return
    joblib = _joblib()
    name, _, address = engine.partition(":")
    packed = pickle.dumps(work)
    try:
        with ExitStack() as open_engine:
            _use(open_engine, joblib, name, address)
            if name == "loky" and (jobs or joblib.cpu_count()) == 1:
                yield from _by_one(open_engine, joblib, packed, todo)
            else:
                parallel = joblib.Parallel(n_jobs=jobs or -1, return_as="generator", pre_dispatch="2*n_jobs")
                yield from parallel(joblib.delayed(_measure)(packed, *task) for task in todo)
    except (BninspectError, KeyboardInterrupt, GeneratorExit):
        raise
    except Exception as error:  # of any engine
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise RunError(
            f"--engine {engine}: a worker ended before its task ({type(error).__name__}: {reason}); with "
            "--parts DIR the same command goes on where it was"
        ) from error


def _by_one(open_engine: ExitStack, joblib: Any, packed: bytes, todo: Sequence[Task]) -> Iterator[Measured]:
    """Each task by a single worker. joblib would run them in this process, whose TensorFlow may have loaded
    with more threads, and whose caller's environment is not ours to change.
    """
    worker = open_engine.enter_context(joblib.externals.loky.ProcessPoolExecutor(1))
    following = None
    for task in todo:  # the next one is asked for before this one is taken in
        asked, following = following, worker.submit(_measure, packed, *task)
        if asked is not None:
            yield asked.result()
    if following is not None:
        yield following.result()


_runs: dict[bytes, TrainingRun] = {}
"""Of a worker: the model that it has read, by its work."""
_in_turn = Lock()
"""A worker of dask has several threads; a run is for one at a time."""


def _measure(packed: bytes, first: int, last: int) -> Measured:
    """One task, in a worker with one thread."""
    with _in_turn:
        for name in _THREADS:
            os.environ[name] = "1"
        run = _runs.get(packed)
        if run is None:
            for other in _runs.values():
                other.close()
            _runs.clear()
            work: Work = pickle.loads(packed)
            run = _runs[packed] = work.run()
        return Measured(list(run.measured(first, last)), dict(run.lost))


def _joblib() -> Any:
    try:
        import joblib  # the extra `parallel`
    except ImportError:
        raise InputError("--jobs needs joblib, the extra `parallel` of bninspect") from None
    return joblib


def _use(opened: ExitStack, joblib: Any, name: str, address: str) -> None:
    """Makes the engine joblib's backend. Raises InputError for one that is not installed or not reached."""
    try:
        if name == "dask":
            from dask.distributed import Client

            client: Any = Client
            opened.enter_context(client(address or None))
        elif name == "ray":
            from ray.util.joblib import register_ray

            register_ray()
        elif name == "spark":
            from joblibspark import register_spark

            register_spark()
    except ImportError as error:
        raise InputError(f"--engine {name}: {error.name or error} is not installed") from None
    except (OSError, ValueError) as error:
        raise InputError(f"--engine {name}:{address} cannot be reached: {error}") from None
    opened.enter_context(joblib.parallel_config(backend=name))
