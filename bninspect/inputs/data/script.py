"""A loader function, `script.py:load_data`: it yields dicts of input name -> array, a batch of rows each.

The form is that of Polygraphy's `--data-loader-script`. The function is called once to count the rows, and
once more for every pass over them; it must give the same each time. It runs only when asked for by name on
the command line.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from bninspect.inputs.data.source import Value

    Batch = dict[str, NDArray[Any]]

_OWN = (Exception, SystemExit)
"""What the user's own code may raise; a script may end with sys.exit."""


class Script:
    """The rows of all batches that a function yields."""

    def __init__(self, file: str, function: str) -> None:
        self._spec = f"{file}:{function}"
        self._function = _function(self._spec, file, function)
        self.fields: tuple[str, ...] = ()
        self.count = 0
        for batch in self._batches():
            self.fields = self.fields or tuple(batch)
            if set(batch) != set(self.fields):
                names = f"{', '.join(self.fields)}, then {', '.join(batch)}"
                raise InputError(f"--data {self._spec} yields other names from batch to batch: {names}")
            self.count += _rows(batch)
        if not self.count:
            raise InputError(f"--data {self._spec} yields nothing")
        self._pass: Iterator[Batch] = iter(())
        self._first = self._behind = 0
        self._batch: Batch = {}

    def name(self, index: int) -> str:
        return f"{self._spec}[{index}]"

    def values(self, index: int) -> Mapping[str, Value]:
        if index < self._first or not self._batch:
            self._pass, self._first, self._behind = self._batches(), 0, 0
        while index >= self._behind:
            batch = next(self._pass, None)
            if batch is None or set(batch) != set(self.fields):
                raise InputError(f"--data {self._spec} did not yield the same twice, as it must")
            self._batch, self._first = batch, self._behind
            self._behind += _rows(batch)
        return {field: values[index - self._first] for field, values in self._batch.items()}

    def release(self) -> None:
        self._batch, self._pass = {}, iter(())

    def _batches(self) -> Iterator[Batch]:
        """One pass. Raises InputError for whatever the function raises, and for what is no batch."""
        try:
            yield from map(self._checked, self._function())
        except InputError:
            raise
        except _OWN as error:
            raise InputError(f"--data {self._spec}: {type(error).__name__}: {error}") from error

    def _checked(self, batch: object) -> Batch:
        if not isinstance(batch, dict) or not batch:
            raise InputError(
                f"--data {self._spec} yields {type(batch).__name__}: yield dicts of input name -> array"
            )
        arrays = {str(name): np.asarray(value) for name, value in batch.items()}
        lengths = {array.shape[0] if array.ndim else 0 for array in arrays.values()}
        if len(lengths) != 1 or 0 in lengths:
            shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in arrays.items())
            raise InputError(f"--data {self._spec} yields arrays without the same number of rows: {shapes}")
        return arrays


def _rows(batch: Batch) -> int:
    return len(next(iter(batch.values())))


def _function(spec: str, file: str, name: str) -> Callable[[], Any]:
    """The function of the file, which is run as a module of its own. Raises InputError."""
    if not Path(file).is_file():
        raise InputError(f"--data {spec}: {file} does not exist")
    about = importlib.util.spec_from_file_location(f"bninspect_data_{Path(file).stem}", file)
    if about is None or about.loader is None:
        raise InputError(f"--data {spec}: {file} is no Python file")
    module = importlib.util.module_from_spec(about)
    sys.modules[about.name] = module  # dataclasses look there
    beside = str(Path(file).resolve().parent)
    if beside not in sys.path:  # as with `python FILE`, but last, so that it hides nothing
        sys.path.append(beside)
    try:
        about.loader.exec_module(module)
    except _OWN as error:
        raise InputError(f"--data {spec}: {type(error).__name__}: {error}") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise InputError(f"--data {spec}: {file} has no function {name}")
    found: Callable[[], Any] = function
    return found
