"""What the functions of the API take in common: a model, and the keywords that say what it is fed.

The keywords are the fields of `inputs.request.Request`, where they are checked, as those of the command line
are. A function takes them as `**inputs`, and its signature, which `help` and editors show, lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import wraps
from inspect import Parameter, Signature, signature
from os import PathLike
from typing import Any, TypedDict, TypeVar, Union, cast

from bninspect.api.fields import keyword
from bninspect.api.spelling import spelled_for_python
from bninspect.errors import OptionError
from bninspect.graph import Graph
from bninspect.inputs.request import Request
from bninspect.options import Channels, Preprocess, Resize, refuse_unknown

Path = Union[str, PathLike[str]]  # noqa: UP007  (evaluated by Python 3.10, too)
Paths = Union[Path, Iterable[Path]]  # noqa: UP007
Names = Union[str, Iterable[str]]  # noqa: UP007
Model = Union[str, PathLike[str], Graph]  # noqa: UP007
Progress = Callable[[int, int], None]
Function = TypeVar("Function", bound=Callable[..., Any])


class InputOptions(TypedDict, total=False):
    """What a model is fed: fields of Request, by their names."""

    images: Paths
    data: Names
    random: int | None
    seed: int
    feeds: Names | Mapping[str, float | bool | str]
    input: str | None
    batch_size: int | None
    preprocess: Preprocess
    channels: Channels | None
    size: tuple[int, int] | str | None
    resize: Resize


class MomentOptions(InputOptions, total=False):
    """Which moments are measured, and how, besides what is fed: fields of RefreshOptions and Request."""

    outputs: Names
    layers: Names
    stripped: bool
    until: float | None
    jobs: int | None
    engine: str | None
    part_folder: str | None
    allowed_ops: Names
    unfrozen: bool
    batches: int | None
    shuffle: bool


class _Written(str):
    """An annotation that a signature shows as it is written, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def takes(*records: type, more: type = InputOptions) -> Callable[[Function], Function]:
    """A function whose keywords are fields of these records of options. Its signature shows what it takes as
    `**more` as the keywords that these are, and `api.fields` describes all of them by what stands below the
    fields. Its errors say keywords.
    """

    def taking(function: Function) -> Function:
        @wraps(function)
        def spelled(*given: Any, **options: Any) -> Any:
            with spelled_for_python():
                return function(*given, **options)

        setattr(spelled, "__signature__", _signature(function, records, more))  # noqa: B010
        setattr(spelled, "option_records", records)  # noqa: B010
        return cast("Function", spelled)

    return taking


def _signature(function: Callable[..., Any], records: Iterable[type], more: type) -> Signature:
    """The signature, as the source has it, with each keyword of the last parameter, if that takes several."""
    found = signature(function)
    parameters = [one for one in found.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
    if len(parameters) < len(found.parameters):
        kinds = more.__annotations__
        known = [field for record in records for field in fields(record) if field.name in kinds]
        parameters += [keyword(field, _as_written(kinds[field.name])) for field in known]
    shown = [one.replace(annotation=_Written(one.annotation)) for one in parameters]
    returned = _Written(found.return_annotation)
    return found.replace(parameters=shown, return_annotation=returned)


def _as_written(annotation: Any) -> Any:
    return getattr(annotation, "__forward_arg__", annotation)


def request_of(
    given: Mapping[str, Any], request: Request | None, of: str, known: type = InputOptions
) -> Request | None:
    """What the keywords of a function (`of`) ask to be fed; None if they ask nothing. A request that is given
    whole stands for all of them.

    Raises OptionError for a keyword that is not known, a value that an option cannot have, and a keyword
    beside a request.
    """
    refuse_unknown(given, known.__annotations__, of)
    names = {field.name for field in fields(Request)}
    asked = {name: value for name, value in given.items() if name in names and not _says_nothing(value)}
    if request is None:
        return Request(**asked) if asked else None
    if asked:
        raise OptionError(f"request and {next(iter(asked))}: the request says it; give one of the two")
    return request


def _says_nothing(value: object) -> bool:
    """Whether a keyword is as if it were not given."""
    return value is None or value is False
