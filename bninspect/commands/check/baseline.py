"""A file of known findings, so that a project with old ones can start today and fail only on new ones.

Keyed by the model's path relative to the baseline file, the code, and the node (or layer): moving the
project or checking it from another folder changes nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.commands.paths import identity
from bninspect.documents import from_json
from bninspect.errors import BninspectError
from bninspect.files import write
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.commands.check.result import Found, ModelResult

Key = tuple[str, str, str]
"""(model, code, node)."""
_VERSION = 1


@frozen_dataclass
class Baseline:
    """The known findings of one file."""

    path: Path
    keys: frozenset[Key]

    def relative(self, model: str) -> str:
        """The model's path from the folder of the baseline, with slashes on every system.

        Of a SavedModel it is that of the folder, whether the folder was named or the file in it.
        """
        return Path(os.path.relpath(identity(model), self.path.absolute().parent)).as_posix()

    def key(self, model: str, found: Found) -> Key:
        """What stands for a finding."""
        finding = found.finding
        return self.relative(model), finding.code, finding.node or finding.layer or ""

    def knows(self, model: str, found: Found) -> bool:
        """Whether a finding is an old one, by its code or by the codes that it had before."""
        name = self.relative(model)
        former = {(name, code, node) for code, node in found.former}
        return self.key(model, found) in self.keys or (bool(former) and former <= self.keys)

    def marked(self, results: Sequence[ModelResult]) -> tuple[ModelResult, ...]:
        """The results, in which the old findings are marked."""
        marked = []
        for model in results:
            found = tuple(replace(one, known=self.knows(model.path, one)) for one in model.found)
            marked.append(replace(model, found=found))
        return tuple(marked)

    def found(self, results: Sequence[ModelResult]) -> set[Key]:
        """What stands for the findings of these results."""
        return {self.key(model.path, one) for model in results for one in model.found}

    def gone(self, results: Sequence[ModelResult]) -> set[Key]:
        """Entries of models that are no longer there, and of models in which the rule now finds nothing.

        A model that was not checked, and a rule that did not run, say nothing about an entry.
        """
        judged = {self.relative(model.path): model.judged for model in results if model.error is None}
        folder = self.path.absolute().parent
        return {
            key
            for key in self.keys - self.found(results)
            if (key[1] in judged[key[0]] if key[0] in judged else not (folder / key[0]).exists())
        }

    def stale(self, results: Sequence[ModelResult]) -> tuple[str, ...]:
        """The entries that can go, in words."""
        gone = sorted(self.gone(results))
        return tuple(f"{model}: {code} at {node or 'the model'}" for model, code, node in gone)

    def renewed(self, results: Sequence[ModelResult]) -> Baseline:
        """One that knows every finding of these results, and of the old entries those that are not gone."""
        return Baseline(path=self.path, keys=(self.keys - self.gone(results)) | self.found(results))

    def written(self, before: Baseline) -> str:
        """What was written in place of an older one: `known.json: 12 findings written (3 new, 2 gone)`."""
        new, gone = len(self.keys - before.keys), len(before.keys - self.keys)
        return f"{self.path}: {counted(len(self.keys), 'finding')} written ({new:,} new, {gone:,} gone)"

    def text(self) -> str:
        """The content of its file."""
        entries = [{"model": model, "code": code, "node": node} for model, code, node in sorted(self.keys)]
        return json.dumps({"version": _VERSION, "entries": entries}, indent=1) + "\n"

    def write(self) -> None:
        """Writes the file, which appears whole or not at all."""
        write(self.path, [self.text().encode()])


def read(path: Path, may_be_absent: bool = False) -> Baseline:
    """The baseline in a file; an empty one where there is no file and there may be none.

    Raises BninspectError where the file is no baseline: what is something else is not written over, either.
    """
    if may_be_absent and not path.exists():
        return Baseline(path=path, keys=frozenset())
    try:
        document = from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BninspectError(f"{path}: {error.strerror}; --update-baseline writes one") from None
    except OSError as error:
        raise BninspectError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BninspectError(f"{path}: not a baseline file: it is no text") from None
    except ValueError as error:
        raise BninspectError(f"{path}: not a baseline file: {error}") from None
    entries = document.get("entries") if isinstance(document, dict) else None
    if not isinstance(entries, list) or "version" not in document:
        raise BninspectError(f"{path}: not a baseline file: it has no version and list of entries")
    if document["version"] != _VERSION:
        raise BninspectError(
            f"{path}: a baseline of version {document['version']!r}, not {_VERSION}: remove it and write "
            "another one with --update-baseline"
        )
    return Baseline(path=path, keys=frozenset(_key(path, entry) for entry in entries))


def _key(path: Path, entry: object) -> Key:
    """What one entry stands for."""
    match entry:
        case {"model": str() as model, "code": str() as code, "node": str() as node}:
            return model, code, node
    raise BninspectError(f"{path}: not a baseline file: an entry without the texts model, code and node")
