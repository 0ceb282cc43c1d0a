"""`--parts DIR`: a file for each task that was measured, so that a run that was ended goes on where it was.

A file counts only for the same model, layers, inputs and set of images: the same names, and files on this
machine as large and as old as they were. It is written whole or not at all.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from bninspect.commands.refresh.estimates import Estimates, Fold, Measured
from bninspect.commands.refresh.parts import digest, read_part, write_part
from bninspect.errors import InputError

if TYPE_CHECKING:
    from bninspect.commands.refresh.batches import TrainingRun
    from bninspect.commands.refresh.estimates import Task
    from bninspect.commands.refresh.plan import Plan


class PartFolder:
    """The files of one run. The folder is made if it is not there. Raises InputError if it cannot be."""

    def __init__(self, path: str, made: Plan, run: TrainingRun) -> None:
        self._path = Path(path)
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--parts {path}: {error.strerror or error}") from None
        self._model = digest(made.report.graph.graphdef)
        self._training = made.training
        self._size, self._count = run.inputs.batch_size, run.inputs.count
        names = () if run.inputs.pictures is None else run.inputs.pictures.names
        files = sorted({*names, *run.request.files})
        content = "\n".join((*names, *(stamp for file in files if (stamp := _stamp(file)))))
        of_set = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
        self._how = {**run.how(), "set": f"{run.inputs.count} images, {of_set}"}
        if run.made.share is not None:
            self._how["old statistics"] = str(run.made.feeds[run.made.share])

    def read(self, task: Task) -> Measured | None:
        """What the file of the task holds; None if there is none. Raises InputError for another run's."""
        path = self._file(task)
        if not path.exists():
            return None
        part = read_part(str(path))
        found = part.estimates
        same = (part.model, part.training, found.batch_size, found.how) == (
            self._model,
            self._training,
            self._size,
            self._how,
        )
        if not same:
            raise InputError(
                f"{path} is of another run (model, layers or images differ): name another folder"
            )
        rows = range(task[1] - task[0])
        if any(len(one.batches) != len(rows) for one in found.layers.values()):
            raise InputError(f"{path} does not hold the batches of its name: remove it")
        batches = [{name: one.batches[row] for name, one in found.layers.items()} for row in rows]
        images = [min(self._size, max(self._count - number * self._size, 0)) for number in range(*task)]
        return Measured(list(zip(batches, images, strict=True)), dict(found.left))

    def write(self, task: Task, found: Measured) -> None:
        """Keeps what the task gave. Raises OSError."""
        fold = Fold(epsilons={}, keep=True)
        for batch, images in found.batches:
            fold.add({name: spread for name, spread in batch.items() if name not in found.lost}, images)
        estimates = Estimates(
            layers=fold.layers,
            left=found.lost,
            images=fold.images,
            batch_size=self._size,
            last=found.batches[-1][1],
            how=self._how,
        )
        write_part(str(self._file(task)), estimates, self._model, self._training)

    def _file(self, task: Task) -> Path:
        return self._path / f"batches-{task[0]:07d}-{task[1]:07d}.npz"


def _stamp(path: str) -> str:
    """How large the file is and when it was written; empty for what is no file here."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return ""
    return f"{path} {found.st_size} {found.st_mtime_ns}" if S_ISREG(found.st_mode) else ""
