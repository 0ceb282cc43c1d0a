"""The configuration: `[tool.bninspect]` in pyproject.toml, or bninspect.toml, of this folder or the nearest
above it.

Keys are the names of options (`fail-on = "warning"`) and give their defaults, for every command that has
the option; `model` is the model of `probe`. `[[tool.bninspect.models]]` gives defaults for the models whose
path matches, and what is allowed in them. A command-line option wins. Paths count from the folder of the
file.
"""

from __future__ import annotations

import os
from dataclasses import field
from fnmatch import fnmatchcase
from glob import escape, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from bninspect.cli.configuration.place import places
from bninspect.commands.paths import called, identity, matches
from bninspect.documents import from_toml
from bninspect.errors import BninspectError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.inputs.data.address import is_remote, script
from bninspect.options import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

_MODEL_KEYS = frozenset({
    "path", "image", "data", "preprocess", "channels", "input", "output", "feed", "momentum", "size",
    "resize", "batch-size", "allow",
})  # fmt: skip
_ALLOW_KEYS = frozenset({"code", "layer", "reason"})
_FORM = '{code = "BN101", layer = "gen/*", reason = "..."}'
_PATHS = frozenset({"image", "baseline", "model"})
_OWN_KEYS = frozenset({"models", "model", "severity", "require", "converters"})
_REQUIRABLE = ("probe",)


@frozen_dataclass
class Allowed:
    """A finding that is meant to be."""

    code: str
    layer: str
    reason: str


@frozen_dataclass
class ModelSection:
    """One `[[tool.bninspect.models]]`."""

    folder: Path
    """Of the configuration: the glob counts from here."""
    pattern: str
    """Glob over paths; `**` stands for any number of folders, none too."""
    options: dict[str, Any]
    """Option name -> value."""
    allow: tuple[Allowed, ...]

    def matches(self, path: str) -> bool:
        """Whether the section is about this model."""
        pattern = Path(self.pattern)
        ways = called(path)
        if not pattern.is_absolute():
            ways = tuple(Path(os.path.relpath(where, self.folder)) for where in ways)
        return any(_fits(where.parts, pattern.parts) for where in ways)

    def files(self) -> frozenset[Path]:
        """The models that the glob matches, as `commands.paths.identity` has them."""
        pattern = str(Path(escape(str(self.folder))) / self.pattern)
        return frozenset(identity(path) for path in matches(pattern))


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path are what the parts of a glob ask for."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


@frozen_dataclass
class Config:
    """What the file says."""

    path: Path | None = None
    """None where there is no file."""
    options: dict[str, Any] = field(default_factory=dict)
    """Option name (`fail-on`) -> its default."""
    models: tuple[ModelSection, ...] = ()
    model: str | None = None
    """The model of `probe`."""
    severity: dict[str, str] = field(default_factory=dict)
    """Code, or beginning of one, or name of a rule -> how grave its findings are."""
    converters: tuple[str, ...] = ()
    """Names of the converters that the models are meant for."""
    require: tuple[str, ...] = ()
    """`probe`: a check that measured nothing ends with 2."""

    def sections(self, path: str) -> tuple[ModelSection, ...]:
        """The sections about one model, in the order of the file."""
        return tuple(section for section in self.models if section.matches(path))

    def options_of(self, path: str) -> dict[str, Any]:
        """Option name -> its default for one model: what the last section that says it says."""
        return {key: value for section in self.sections(path) for key, value in section.options.items()}


def find(folder: Path) -> Config:
    """The configuration that counts in this folder; an empty one where there is none.

    Raises BninspectError for a file that cannot be read and for a value of the wrong kind. Names of options
    are checked by `configuration.defaults`, which knows the commands.
    """
    for place, table in places(str(folder)):
        path = Path(place)
        if (found := _section(path, table)) is not None:
            return _parsed(path, found)
    return Config()


def _section(path: Path, table: tuple[str, ...]) -> dict[str, Any] | None:
    """The table of a TOML file; None where it has none."""
    try:
        with path.open("rb") as stream:
            found: Any = from_toml(stream)
    except OSError as error:
        raise BninspectError(f"{path}: {error.strerror}") from None
    except ValueError as error:  # no TOML, or no UTF-8
        raise BninspectError(f"{path}: no TOML that can be read: {error}") from None
    for key in table:
        found = found.get(key)
        if found is None:
            return None
        if not isinstance(found, dict):
            raise BninspectError(f"{path}: {'.'.join(table)} is no table")
    # bninspect.toml may say [tool.bninspect] like pyproject.toml, or leave it out.
    tool = None if table else found.get("tool")
    nested = tool.get("bninspect") if isinstance(tool, dict) else None
    section: dict[str, Any] = nested if isinstance(nested, dict) else found
    return section


def _parsed(path: Path, table: dict[str, Any]) -> Config:
    folder = path.parent
    models = table.get("models", [])
    if not isinstance(models, list) or not all(isinstance(entry, dict) for entry in models):
        raise BninspectError(f"{path}: models is a list of tables: write [[tool.bninspect.models]]")
    options = {key: _absolute(key, value, folder) for key, value in table.items() if key not in _OWN_KEYS}
    model = table.get("model")
    if not isinstance(model, str | None):
        raise BninspectError(f"{path}: model = {model!r} is no path of a model")
    return Config(
        path=path,
        options=options,
        models=tuple(_model(path, entry) for entry in models),
        model=None if model is None else str(folder / model),
        severity=_severity(path, table.get("severity", {})),
        converters=_converters(path, table.get("converters", [])),
        require=_require(path, table.get("require", [])),
    )


def _severity(path: Path, given: Any) -> dict[str, str]:
    """`severity = {BN103 = "error"}`; the codes are looked at where the rules are known."""
    levels = get_args(Level)
    if not isinstance(given, dict):
        raise BninspectError(f'{path}: severity is a table such as {{BN103 = "error"}}')
    for code, level in given.items():
        if level not in levels:
            raise BninspectError(f"{path}: severity: {code} = {level!r} is none of {', '.join(levels)}")
    return given


def _require(path: Path, given: Any) -> tuple[str, ...]:
    """`require = ["probe"]`."""
    if not isinstance(given, list) or any(one not in _REQUIRABLE for one in given):
        raise BninspectError(f'{path}: require = {given!r}: it is a list of what must run, such as ["probe"]')
    return tuple(given)


def _converters(path: Path, given: Any) -> tuple[str, ...]:
    """`converters = ["openvino"]`."""
    if not given:
        return ()
    from bninspect.converters.table import NAMES

    if not isinstance(given, list) or any(one not in NAMES for one in given):
        raise BninspectError(f"{path}: converters = {given!r}: it is a list of {', '.join(NAMES)}")
    return tuple(given)


def _model(path: Path, entry: dict[str, Any]) -> ModelSection:
    unknown = sorted(set(entry) - _MODEL_KEYS)
    if unknown:
        known = ", ".join(sorted(_MODEL_KEYS))
        raise BninspectError(f"{path}: unknown key {unknown[0]!r} of a model; there are {known}")
    if not isinstance(entry.get("allow", []), list):
        raise BninspectError(f"{path}: allow is a list of {_FORM}")
    if not isinstance(entry.get("path"), str) or not entry["path"]:
        raise BninspectError(f"{path}: a model without `path`, the glob of the files it is about")
    options = {
        key: _absolute(key, value, path.parent)
        for key, value in entry.items()
        if key not in ("path", "allow")
    }
    return ModelSection(
        folder=path.parent.absolute(),
        pattern=entry["path"],
        options=options,
        allow=tuple(_allowed(path, one) for one in entry.get("allow", [])),
    )


def _allowed(path: Path, entry: Any) -> Allowed:
    """One entry of `allow`; the reason is what makes it one."""
    if not isinstance(entry, dict) or set(entry) - _ALLOW_KEYS:
        raise BninspectError(f"{path}: allow is a list of {_FORM}")
    if not all(isinstance(value, str) for value in entry.values()):
        raise BninspectError(f"{path}: code, layer and reason of an allowance are texts: {entry}")
    code, layer, reason = (entry.get(key, "").strip() for key in ("code", "layer", "reason"))
    if not code or not reason:
        raise BninspectError(f"{path}: an allowance needs a code and a reason: {entry}")
    return Allowed(code=code, layer=layer or "*", reason=reason)


def _absolute(key: str, value: Any, folder: Path) -> Any:
    """Paths of the file count from its folder; so does the file of `feed = "x=@values.npy"`."""
    if isinstance(value, list):
        return [_absolute(key, one, folder) for one in value]
    if not isinstance(value, str):
        return value
    if key == "feed":
        name, at, file = value.partition("=@")
        return f"{name}=@{folder / file}" if at else value
    if key == "data":
        return _data(value, folder)
    if key not in _PATHS:
        return value
    return _in(folder, value)


def _in(folder: Path, value: str) -> str:
    """The path or glob, counted from the folder."""
    return str((Path(escape(str(folder))) if has_magic(value) else folder) / value)


def _data(value: str, folder: Path) -> str:
    """A SPEC of `--data`. Raises BninspectError for a function: what came with a model runs nothing."""
    path, mark, fields = value.partition("#")
    if script(path) is not None:
        raise BninspectError(
            f"data = {value!r}: a function runs only if the command line names it, with --data"
        )
    return value if is_remote(path) else f"{_in(folder, path)}{mark}{fields}"
