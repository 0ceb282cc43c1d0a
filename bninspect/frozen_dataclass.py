"""Records: frozen dataclasses with slots and named fields, made without a line of source.

`dataclasses.dataclass` writes the methods of each class as source and compiles it: 0.4 ms a class, a tenth of
what `graph` takes on a ResNet-50. The methods of these are functions that stand here; only a class of which
there are many records gets an `__init__` of its own, once there are. In all else they are dataclasses:
`fields`, `replace`, `asdict`, `copy` and `pickle` do with them what they do with any other.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_defaults: object) -> Callable[[Any], Any]:
        """Type checkers read it; Python has it since 3.11."""
        return lambda decorator: decorator


_MANY = 250
"""Records of one class. Where there are so many, what they cost is more than what compiling a method does."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen_dataclass(cls: type | None = None, /, *, eq: bool = True) -> Any:
    """The class as a frozen dataclass whose fields are given by their names. With `eq=False` an instance
    equals itself alone.
    """
    return _made(cls, eq) if cls is not None else lambda cls: _made(cls, eq)


def _made(cls: Any, eq: bool) -> Any:
    cls.__setattr__, cls.__delattr__ = _refuse_to_set, _refuse_to_delete
    cls.__getstate__, cls.__setstate__ = _state, _set_state
    if cls.__repr__ is object.__repr__:
        cls.__repr__ = _repr
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)
    made.__init__ = _initializer(made)
    if eq:
        made.__eq__, made.__hash__ = _comparison(made)
    return made


def _initializer(made: Any) -> Callable[..., None]:
    """The `__init__` of the class: every field once, then `__post_init__` where there is one."""
    slots = [(one.name, getattr(made, one.name).__set__) for one in fields(made)]
    defaults = {one.name: one.default for one in fields(made) if one.default is not MISSING}
    factories = [
        (one.name, one.default_factory) for one in fields(made) if one.default_factory is not MISSING
    ]
    checks = hasattr(made, "__post_init__")
    count = 0

    def misnamed(values: dict[str, Any]) -> TypeError:
        names = {name for name, _ in slots}
        needed = names - defaults.keys() - {name for name, _ in factories}
        wrong = [("unknown", values.keys() - names), ("missing", needed - values.keys())]
        said = "; ".join(f"{what}: {', '.join(sorted(which))}" for what, which in wrong if which)
        return TypeError(f"{made.__name__}: {said}")

    def initialize(self: Any, /, **values: Any) -> None:
        nonlocal count
        count += 1
        if count == _MANY and not checks and not factories and made.__bases__ == (object,):
            made.__init__ = _compiled(made)
        if len(values) < len(slots):
            values = {**defaults, **values}
            for name, factory in factories:
                if name not in values:
                    values[name] = factory()
        try:
            for name, put in slots:
                put(self, values[name])
        except KeyError:
            raise misnamed(values) from None
        if len(values) > len(slots):
            raise misnamed(values)
        if checks:
            self.__post_init__()

    return initialize


def _compiled(made: Any) -> Callable[..., None]:
    """The `__init__` of the class as source, which takes a third of the time of the other: it sets the fields
    while the record is of a class with the same slots that lets them be set.
    """
    names = [one.name for one in fields(made)]
    settable = type(made.__name__, (), {"__slots__": names})
    known = {
        "__name__": made.__module__,
        "_become": object.__dict__["__class__"].__set__,
        "_settable": settable,
        "_made": made,
    }
    known |= {f"_default_{one.name}": one.default for one in fields(made)}
    arguments = [
        one.name if one.default is MISSING else f"{one.name}=_default_{one.name}" for one in fields(made)
    ]
    lines = [
        f"def __init__(self, /, *, {', '.join(arguments)}):",
        "    _become(self, _settable)",
        *(f"    self.{name} = {name}" for name in names),
        "    _become(self, _made)",
    ]
    exec("\n".join(lines), known)
    compiled: Callable[..., None] = known["__init__"]
    return compiled


def _comparison(made: Any) -> tuple[Callable[[Any, object], bool], Callable[[Any], int]]:
    """The `__eq__` and the `__hash__` of the class: those of the tuple of its fields."""
    names = [one.name for one in fields(made) if one.compare]
    # attrgetter is the fastest, but of a single name it gives the bare value, whose == may be an array.
    compared: Callable[[Any], tuple[Any, ...]] = (
        attrgetter(*names)
        if len(names) > 1
        else lambda record: tuple([getattr(record, name) for name in names])
    )

    def equals(self: Any, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(compared(self))

    return equals, hashed


def _refuse_to_set(_self: Any, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for one, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


def _repr(self: Any) -> str:
    values = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(values)})"
