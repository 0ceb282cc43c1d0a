"""Who measures the tasks of a run: processes of this machine, or those of a cluster that the user runs.

joblib gives out the tasks, on its backend for the cluster. On this machine this process is one of those that
measure: to load TensorFlow in one process more takes as long as many a set of images.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from bninspect.collector import left_alone_from_now
from bninspect.errors import BninspectError, InputError, RunError, first_line
from bninspect.run import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bninspect.commands.refresh.batches import TrainingRun
    from bninspect.commands.refresh.estimates import Measured, Task

    InWorker = Callable[[bytes, int, int], Measured]
    """Measures a task (first, last) of work that is packed."""

LOCAL = "loky"
"""The engine of this machine."""
TASKS_OF_A_ROUND = 8
"""Of a worker, where results come back by the round: many, since all wait for the last one; few, since a run
that ends loses its round.
"""


def measured_by(
    engine: str | None,
    jobs: int | None,
    in_worker: InWorker,
    packed: bytes,
    run: TrainingRun,
    todo: Sequence[Task],
) -> Iterator[Measured]:
    """Each task in order, as soon as it is there, measured `in_worker` by so many jobs (None: as many as the
    engine has), or in the run. Raises RunError if a worker ends before its task.
    """
    joblib = _joblib()
    name, _, address = (engine or LOCAL).partition(":")
    try:
        if name == LOCAL:
            yield from _here(joblib, jobs or joblib.cpu_count(), in_worker, packed, run, todo)
            return
        with ExitStack() as opened:
            _use(opened, joblib, name, address)
            yield from _by_backend(joblib, jobs or -1, in_worker, packed, todo)
    except (BninspectError, KeyboardInterrupt, GeneratorExit):
        raise
    except Exception as error:  # of any engine
        reason = first_line(error)
        raise RunError(
            f"--engine {engine or LOCAL}: a worker ended before its task ({type(error).__name__}: {reason}); "
            "with --parts DIR the same command goes on where it was"
        ) from error


def _by_backend(
    joblib: Any, jobs: int, in_worker: InWorker, packed: bytes, todo: Sequence[Task]
) -> Iterator[Measured]:
    """Each task in order, by the backend in use: as they are done if it can, else in rounds."""
    backend, _ = joblib.parallel.get_active_backend()
    streams = getattr(backend, "supports_return_generator", False)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator" if streams else "list")
    size = len(todo) if streams else TASKS_OF_A_ROUND * joblib.effective_n_jobs(jobs)
    for start in range(0, len(todo), size):
        yield from parallel(joblib.delayed(in_worker)(packed, *task) for task in todo[start : start + size])


def _here(
    joblib: Any, jobs: int, in_worker: InWorker, packed: bytes, run: TrainingRun, todo: Sequence[Task]
) -> Iterator[Measured]:
    """Each task in order, by processes of this machine. This one is among them, if TensorFlow can take one
    thread in it.
    """
    run.one_thread = settings.has_own_pools()
    others = min(jobs, len(todo)) - run.one_thread
    free: SimpleQueue[Callable[[int, int], Measured]] = SimpleQueue()
    """Who measures: a place for each process."""
    if run.one_thread:
        free.put(run.task)

    def measure(task: Task) -> Measured:
        place = free.get()
        try:
            return place(*task)
        finally:
            free.put(place)

    with ThreadPoolExecutor(others + run.one_thread) as waiting, _processes(joblib, others) as pool:
        for _ in range(others):
            free.put(lambda first, last: pool.submit(_in_process, in_worker, packed, first, last).result())
        yield from waiting.map(measure, todo)


def _in_process(in_worker: InWorker, packed: bytes, first: int, last: int) -> Measured:
    """What the task gave, in a process that has nothing else to do.

    After a task loky has the collector pass over all there is: after the first, and without psutil every
    second. With TensorFlow loaded that takes as long as a batch.
    """
    measured = in_worker(packed, first, last)
    left_alone_from_now()
    return measured


@contextmanager
def _processes(joblib: Any, count: int) -> Iterator[Any]:
    """An executor of so many processes, which are gone at the end, whatever they are at; None for 0."""
    if not count:
        yield None
        return
    executor = joblib.externals.loky.ProcessPoolExecutor(count)
    try:
        yield executor
    finally:
        executor.shutdown(kill_workers=True)


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
