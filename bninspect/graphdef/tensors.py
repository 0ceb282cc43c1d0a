"""TensorProto -> read-only NumPy array, on demand, and in place where the file holds the values as raw bytes.

A shape is only a claim: nothing is allocated for it. One value for a large shape comes back as a broadcast
view. Source: tensorflow/core/framework/tensor.proto and tensor.cc (`Tensor::FromProto`).
"""

from __future__ import annotations

from functools import lru_cache
from struct import unpack
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import GraphDefError
from bninspect.graphdef import wire
from bninspect.graphdef.dtypes import STORED, dtype_name
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.wire import Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_VALUES = {
    "float": "float_val", "double": "double_val", "half": "half_val", "bfloat16": "half_val",
    "bool": "bool_val", "int64": "int64_val", "uint32": "uint32_val", "uint64": "uint64_val",
    "complex64": "scomplex_val", "complex128": "dcomplex_val", "string": "string_val",
}  # fmt: skip
_CONTENT = 4
_LARGEST_FILL = 1 << 24
"""Values a partly written tensor may be filled up to; more is refused as a claim, not a tensor."""


_MOST_CLAIMED = 1 << 62
_MOST_DIMENSIONS = 32
"""As many as every NumPy can have."""


def _shown(shape: tuple[int, ...]) -> str:
    """A shape for a message, which has room for few dimensions."""
    return str(list(shape)) if len(shape) <= 8 else f"{list(shape[:8])} and {len(shape) - 8} more dimensions"


def _claimed(shape: tuple[int, ...]) -> int:
    """How many values the shape claims; see `TensorValue.size`."""
    if min(shape, default=0) < 0:
        return -1
    if 0 in shape:
        return 0
    total = 1
    for length in shape:
        total *= length
        if total > _MOST_CLAIMED:
            return _MOST_CLAIMED
    return total


@lru_cache(maxsize=4096)
def _dimensions(shape: bytes) -> tuple[tuple[int, ...], int]:
    """(lengths, how many values they claim) of a TensorShapeProto: a model has few that differ, and to read
    one through the objects of its message costs more than all else of a small tensor.
    """
    lengths = tuple(dim.size for dim in parse("TensorShapeProto", shape).dim)
    return lengths, _claimed(lengths)


class TensorValue:
    """The value of a tensor attribute: dtype and shape at once, the numbers when asked."""

    __slots__ = ("_content_span", "_message", "_whole_message", "dtype", "shape", "size")

    def __init__(
        self, message: Any, *, content: Span | None = None, whole: Callable[[], Any] | None = None
    ) -> None:
        """`message` is a TensorProto, without its values where `content` says where they lie, or where
        `whole` gives it with them.
        """
        self._message = message
        self._content_span = content
        self._whole_message = whole
        self.dtype: str = dtype_name(message.dtype)
        self.shape, self.size = _dimensions(message.tensor_shape.SerializeToString())
        """The shape, and how many values it claims: at most _MOST_CLAIMED, and -1 where it is none."""

    @classmethod
    def at(cls, span: Span) -> TensorValue:
        """The tensor whose TensorProto lies at this place of the file; its content stays there.

        Raises GraphDefError where the message is damaged.
        """
        head, content = bytearray(), None
        for field in wire.fields(span.buffer, span.start, span.end):
            if field.number == _CONTENT and field.wire == wire.LENGTH:
                content = Span(span.buffer, field.start, field.end)
            elif field.end - field.begin <= 1024 or field.number == 2:
                head += span.buffer[field.begin : field.end]
        message = parse("TensorProto", bytes(head))
        if content is not None:
            return cls(message, content=content)
        return cls(message, whole=lambda: parse("TensorProto", span.bytes()))

    @classmethod
    def raw(cls, dtype: int, shape: Any, content: Span) -> TensorValue:
        """Little-endian values at this place of a file, of the DataType and the TensorShapeProto."""
        return cls(message_class("TensorProto")(dtype=dtype, tensor_shape=shape), content=content)

    def __reduce__(self) -> tuple[Callable[[bytes], TensorValue], tuple[bytes]]:
        """A copy or a pickle holds the values, and reads no file. Raises GraphDefError as `message`."""
        return _held, (self.message().SerializeToString(),)

    @property
    def type_number(self) -> int:
        """The number of its DataType."""
        return int(self._message.dtype)

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers or booleans, of a type that can be read."""
        return self.dtype in STORED

    @property
    def is_real(self) -> bool:
        """Whether the values are real numbers or booleans, of a type that can be read."""
        return self.dtype in STORED and not self.dtype.startswith("complex")

    def numbers(self) -> NDArray[np.float64]:
        """The values as float64. Raises GraphDefError as `reals`."""
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            return self.reals().astype(np.float64)

    def reals(self) -> NDArray[Any]:
        """The values as `array` has them.

        Raises GraphDefError as `array`, and where they are no real numbers, or too many.
        """
        if not self.is_real:
            raise GraphDefError(f"a constant of type {self.dtype}, where numbers were expected")
        if self.size > _LARGEST_FILL:
            raise GraphDefError(
                f"a constant of shape {_shown(self.shape)}, where a few numbers were expected"
            )
        return self.array()

    def few(self, most: int) -> tuple[float, ...] | None:
        """The values, flat, as numbers of Python, where these are at most so many, and stand in the file as
        float32: NumPy has not begun by then. None for any others.
        """
        if self.dtype != "float" or not 0 < self.size <= most:
            return None
        content = self._content()
        if content is None or len(content) != 4 * self.size:
            return None
        return unpack(f"<{self.size}f", content)

    def array(self) -> NDArray[Any]:
        """The values, read-only, in the tensor's shape; float32 for bfloat16, objects (bytes) for strings.

        Raises GraphDefError where the values do not fit the shape or the dtype has none (resource, variant).
        """
        if self.size < 0 or len(self.shape) > _MOST_DIMENSIONS:
            raise GraphDefError(f"damaged: a constant of shape {_shown(self.shape)}")
        flat = self._flat()
        if self.dtype == "bfloat16":
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        size = self.size
        if flat.size != size:
            flat = self._filled(flat, size)
        array = flat if self.shape == flat.shape else flat.reshape(self.shape)
        array.setflags(write=False)
        return array

    def message(self) -> Any:
        """The TensorProto with all its values, as bytes in the order of the file where they can be had so."""
        if self._content_span is None:
            return self._whole()
        whole = message_class("TensorProto")(tensor_content=self._content_span.bytes())
        whole.MergeFrom(self._message)
        return whole

    def _filled(self, flat: NDArray[Any], size: int) -> NDArray[Any]:
        """The last value repeated up to the shape, as TensorFlow does; zeros where none is written."""
        if flat.size > size:
            raise GraphDefError(f"damaged: {flat.size} values for a constant of shape {_shown(self.shape)}")
        last = flat[-1:] if flat.size else np.array([b"" if flat.dtype == object else 0], flat.dtype)
        if flat.size <= 1:
            try:
                return np.broadcast_to(last.reshape((1,) * len(self.shape)), self.shape)
            except ValueError:  # more bytes than an address has room for
                raise GraphDefError(f"damaged: a constant of shape {_shown(self.shape)}") from None
        if size > max(_LARGEST_FILL, 2 * flat.size):
            raise GraphDefError(
                f"a constant of shape {_shown(self.shape)} with only {flat.size} values written"
            )
        return np.concatenate([flat, np.broadcast_to(last, (size - flat.size,))])

    def _flat(self) -> NDArray[Any]:
        """The values that are written, flat, in the dtype of the file."""
        if self.dtype == "string":
            strings = np.empty(len(self._whole().string_val), dtype=object)
            strings[:] = list(self._whole().string_val)
            return strings
        if self.dtype not in STORED:
            raise GraphDefError(f"a constant of type {self.dtype} has no values to read")
        dtype = STORED[self.dtype]
        content = self._content()
        if content is not None:
            if len(content) % dtype.itemsize:
                raise GraphDefError(f"damaged: {len(content)} bytes for a constant of type {self.dtype}")
            return np.frombuffer(content, dtype)
        listed = getattr(self._whole(), _VALUES.get(self.dtype, "int_val"))
        if dtype.kind == "c":
            if len(listed) % 2:
                raise GraphDefError(f"damaged: {len(listed)} halves of complex numbers")
            return np.array(listed, dtype=f"<f{dtype.itemsize // 2}").view(dtype)
        if self.dtype in ("half", "bfloat16"):
            return np.array([value & 0xFFFF for value in listed], dtype="<u2").view(dtype)
        try:
            return np.fromiter(listed, dtype, len(listed))
        except OverflowError:
            raise GraphDefError(f"damaged: a value outside the range of {self.dtype}") from None

    def _content(self) -> bytes | None:
        """The raw little-endian bytes; None where values are listed one by one."""
        if self._content_span is not None:
            return self._content_span.bytes()
        content: bytes = self._whole().tensor_content
        return content or None

    def _whole(self) -> Any:
        """The TensorProto with all its values."""
        return self._message if self._whole_message is None else self._whole_message()


def _held(data: bytes) -> TensorValue:
    """The tensor of a TensorProto in memory."""
    return TensorValue(parse("TensorProto", data))


def parse(name: str, data: bytes, of: str | None = None) -> Any:
    """The bytes as one message of the schema. Raises GraphDefError where they are none; it names what the
    message is made `of`, if anything.
    """
    try:
        return message_class(name).FromString(data)
    except _unparsed() as error:
        reason = " ".join(str(error).split()) or "it does not parse"
        raise GraphDefError(f"damaged: a {of or name} that cannot be parsed ({reason})") from None


def _unparsed() -> tuple[type[Exception], ...]:
    """What protobuf raises for bytes that are no message; the last is of protobuf in pure Python."""
    from google.protobuf.message import DecodeError

    return DecodeError, RecursionError, UnicodeDecodeError
