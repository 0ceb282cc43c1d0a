"""What an option may be: every kind of value stated once, for the command line and for Python alike.

The command line makes its click types of these kinds (`cli.options.parameter`). A record of options is a
frozen dataclass that inherits `Checked`: the types of its fields are kinds, and a value of no such kind
raises OptionError where the record is made, with the values that there are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from bninspect.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")

IMAGES = "--image DIR"
"""The option that gives a model its images, as every screen asks for those that we do not have."""
_UNIONS = (Union, type(int | None))


class Range(NamedTuple):
    """The numbers from `low` to `high`; None: no bound. A bound that is open is left out."""

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int | float):
            return False
        above = self.low is None or number > self.low or (number == self.low and not self.low_open)
        below = self.high is None or number < self.high or (number == self.high and not self.high_open)
        return above and below

    def __str__(self) -> str:
        words = [] if self.low is None else [f"{'more than' if self.low_open else 'at least'} {self.low:g}"]
        words += (
            [] if self.high is None else [f"{'less than' if self.high_open else 'at most'} {self.high:g}"]
        )
        return " and ".join(words)


Preprocess = Literal["raw", "unit", "tf", "caffe", "torch", "auto"]
"""raw: 0..255, unit: 0..1, tf: -1..1, caffe and torch: by their channel means; auto: as fits best."""
Channels = Literal["rgb", "bgr"]
Resize = Literal["stretch", "crop", "pad"]
Device = Literal["cpu", "gpu"]
Switching = Literal["layers", "graph"]
"""layers: batch norm alone changes its mode; graph: whatever reads what decides it, too."""
FixedMode = Literal["inference", "training"]
Level = Literal["error", "warning", "note"]
Count = Annotated[int, Range(low=1)]
Seed = Annotated[int, Range(low=0)]
Momentum = Annotated[float, Range(0, 1, low_open=True, high_open=True)]
"""Of a moving average: `moving = moving * momentum + batch * (1 - momentum)`."""
Positive = Annotated[float, Range(0, low_open=True)]
Share = Annotated[float, Range(0, 1, high_open=True)]
Size = Annotated[tuple[int, int], "height and width"]
File = Annotated[str, "path"]
Assignments = Annotated[tuple[str, ...], "NAME=VALUE"]
"""Texts, or a mapping of names to numbers and booleans."""
Texts = tuple[str, ...]
"""Paths, names or globs; one alone may be given as it is."""


_WORDS: dict[Any, str] = {
    Assignments: "NAME=VALUE texts, or a mapping",
    Texts: "a text, or several",
    File: "a path",
    Size: "(height, width), or HxW",
    str: "a text",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
}


class Checked:
    """The base of a record of options: a frozen dataclass whose fields are of the kinds of this file."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, kind in kinds(type(self)).items():
            object.__setattr__(self, name, checked(name, getattr(self, name), kind))
        self.refuse_contradictions()

    def refuse_contradictions(self) -> None:
        """Raises OptionError where two of the options exclude each other."""


def record(kind: type[Record], given: Mapping[str, Any], **others: Any) -> Record:
    """The record of options of this kind: its fields from what is given under their names, but for the
    others. Raises OptionError as the record does.
    """
    names = [field.name for field in fields(kind) if field.name in given and field.name not in others]
    return kind(**{name: given[name] for name in names}, **others)


_KINDS: dict[type, dict[str, Any]] = {}


def kinds(record: type) -> dict[str, Any]:
    """The fields of a record of options, each with the kind of its value."""
    if record not in _KINDS:
        _KINDS[record] = get_type_hints(record, include_extras=True)
    return _KINDS[record]


def choices(kind: Any) -> tuple[str, ...]:
    """The values of a kind of which there are a few."""
    return get_args(kind)


def worded(kind: Any) -> str:
    """What a value of this kind is, as documentation writes it."""
    if get_origin(kind) in _UNIONS:
        return " or ".join("None" if one is type(None) else worded(one) for one in get_args(kind))
    if get_origin(kind) is Literal:
        return " | ".join(choices(kind))
    if kind in _WORDS:
        return _WORDS[kind]
    base, limits = get_args(kind)
    return f"{_WORDS[base]}, {limits}"


def checked(name: str, value: Any, kind: Any) -> Any:
    """The value as its kind has it: one text as several, a list as a tuple, `224x224` as (224, 224).

    Raises OptionError, which calls the option by this name.
    """
    if get_origin(kind) in _UNIONS:
        [kind] = (one for one in get_args(kind) if one is not type(None))
        return None if value is None else checked(name, value, kind)
    if get_origin(kind) is Literal:
        return _choice(name, value, choices(kind))
    if kind == Size:
        return _size(name, value)
    if kind == Assignments:
        return _assignments(name, value)
    if kind == File:
        return _text(name, value)
    if get_origin(kind) is Annotated:
        base, limits = get_args(kind)
        return _within(name, checked(name, value, base), limits)
    if kind == Texts:
        return _texts(name, value)
    if kind in (int, float):
        return _number(name, value, kind)
    if not isinstance(value, kind):
        raise OptionError(f"{name}={value!r}: {_WORDS[kind]} is wanted, not {type(value).__name__}")
    return value


def refuse_unknown(names: Iterable[str], known: Iterable[str], of: str) -> None:
    """Raises OptionError for a name that none of the known options has."""
    there = sorted(known)
    for name in names:
        if name not in there:
            raise OptionError(f"{name} is no option of {of}; {hint(name, there)}")


def hint(given: str, there: Iterable[str]) -> str:
    """`did you mean tf?`, else what there is."""
    known = list(there)
    near = nearest(given, known)
    return f"did you mean {near}?" if near else f"there are {', '.join(known)}"


def _choice(name: str, value: Any, there: tuple[str, ...]) -> str:
    if isinstance(value, str):
        for one in there:
            if value == one:
                return one
        return _no_choice(name, str(value), there)
    raise OptionError(f"{name}={value!r}: one of {', '.join(there)} is wanted")


def _no_choice(name: str, value: str, there: tuple[str, ...]) -> str:
    near = nearest(value, there)
    hint = f"; did you mean {near!r}?" if near else ""
    raise OptionError(f"{name}={value!r}: one of {', '.join(there)} is wanted{hint}")


def nearest(given: str, there: Sequence[str]) -> str | None:
    """The one of these that the given one may be a slip of; None if none is near."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(given.lower(), there, n=1)), None)


def _number(name: str, value: Any, kind: type) -> Any:
    """A number of Python or NumPy as one of Python; a boolean is none."""
    whole = hasattr(value, "__index__")
    if isinstance(value, bool | str) or not (whole or (kind is float and hasattr(value, "__float__"))):
        raise OptionError(f"{name}={value!r}: {_WORDS[kind]} is wanted, not {type(value).__name__}")
    return kind(value)


def _within(name: str, value: Any, limits: Range) -> Any:
    if value not in limits:
        raise OptionError(f"{name}={value!r}: {limits} is wanted")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    """One path or name, or several of them."""
    if isinstance(value, str | os.PathLike):
        return (_text(name, value),)
    if isinstance(value, dict | bytes) or not hasattr(value, "__iter__"):
        raise OptionError(f"{name}={value!r}: a text, or a list of texts, is wanted")
    return tuple(_text(name, one) for one in value)


def _text(name: str, value: Any) -> str:
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise OptionError(f"{name}={value!r}: a text is wanted, not {type(value).__name__}")
    return text


def _assignments(name: str, value: Any) -> tuple[str, ...]:
    """`NAME=VALUE` of each; of a mapping, whose values are numbers, booleans and texts."""
    if not isinstance(value, Mapping):
        return _texts(name, value)
    for key, fed in value.items():
        if getattr(fed, "ndim", 0) or not (isinstance(fed, str) or hasattr(fed, "__float__")):
            raise OptionError(
                f"{name}: {key} is {type(fed).__name__}: a number, a boolean or @file.npy is wanted; "
                "numpy.save writes an array"
            )
    return tuple(f"{key}={fed}" for key, fed in value.items())


def _size(name: str, value: Any) -> tuple[int, int]:
    """(height, width), as two numbers or written `224x224`."""
    sides = value.lower().split("x") if isinstance(value, str) else value
    try:
        height, width = (int(side) for side in sides)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise OptionError(f"{name}={value!r} is no size; write height x width, such as 224x224")
    return height, width
