"""A file of known findings, so that a project with old ones can start today and fail only on new ones.

Keyed by the model's path relative to the baseline file, the code, and the node (or layer): moving the
project or checking it from another folder changes nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.errors import BninspectError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.check.result import Found, ModelResult

Key = tuple[str, str, str]
"""(model, code, node)."""
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The known findings of one file."""

    path: Path
    keys: frozenset[Key]

    def key(self, model: str, found: Found) -> Key:
        """What stands for a finding."""
        finding = found.finding
        relative = os.path.relpath(Path(model).absolute(), self.path.absolute().parent)
        return Path(relative).as_posix(), finding.code, finding.node or finding.layer or ""

    def knows(self, model: str, found: Found) -> bool:
        """Whether a finding is an old one."""
        return self.key(model, found) in self.keys

    def stale(self, results: Sequence[ModelResult]) -> tuple[str, ...]:
        """Entries for models that were checked and no longer give the finding, in words."""
        seen = {self.key(model.path, one) for model in results for one in model.found}
        checked = {
            Path(os.path.relpath(Path(model.path).absolute(), self.path.absolute().parent)).as_posix()
            for model in results
            if model.error is None
        }
        gone = sorted(key for key in self.keys - seen if key[0] in checked)
        return tuple(f"{model}: {code} at {node or 'the model'}" for model, code, node in gone)


def read(path: Path) -> Baseline:
    """The baseline in a file. Raises BninspectError where it is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        entries = document["entries"]
        if document["version"] != _VERSION:
            raise BninspectError(f"{path}: a baseline of version {document['version']!r}, not {_VERSION}")
        keys = frozenset((str(entry["model"]), str(entry["code"]), str(entry["node"])) for entry in entries)
    except OSError as error:
        raise BninspectError(f"{path}: {error.strerror}; --update-baseline writes one") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BninspectError(f"{path}: not a baseline file ({type(error).__name__}: {error})") from None
    return Baseline(path=path, keys=keys)


def text(path: Path, results: Sequence[ModelResult]) -> str:
    """The content of a baseline that knows every finding of these results."""
    empty = Baseline(path=path, keys=frozenset())
    keys = sorted({empty.key(model.path, one) for model in results for one in model.found})
    entries = [{"model": model, "code": code, "node": node} for model, code, node in keys]
    return json.dumps({"version": _VERSION, "entries": entries}, indent=1) + "\n"
