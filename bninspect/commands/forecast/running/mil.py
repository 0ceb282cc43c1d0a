"""Core ML's programs (MIL) in NumPy: the ops that converted batch-norm graphs are made of, in float64.

An op that is not here is said, never guessed. The semantics are those of the MIL reference: NCHW layout,
`batch_norm` with stored statistics, `conv` with explicit or named padding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.commands.forecast.running.converted import UnknownOpError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

_MOST_OPS = 100_000


def evaluate(function: Any, inputs: Mapping[str, Array]) -> list[Array]:
    """The outputs of a MIL function. Raises UnknownOpError for an op that is not known here."""
    values: dict[str, Array] = {name: np.asarray(value, np.float64) for name, value in inputs.items()}
    for number, op in enumerate(function.operations):
        if number > _MOST_OPS:
            raise UnknownOpError("its program is too long to evaluate here")
        if op.op_type == "const" or all(out.val is not None for out in op.outputs):
            continue
        given = {name: _value(var, values) for name, var in op.inputs.items() if var is not None}
        made = _apply(op.op_type, given)
        for out, value in zip(op.outputs, made if isinstance(made, tuple) else (made,), strict=True):
            values[out.name] = value
    return [np.asarray(_value(out, values), np.float32) for out in function.outputs]


def _value(var: Any, values: Mapping[str, Array]) -> Any:
    if isinstance(var, list | tuple):
        return [_value(one, values) for one in var]
    if var.name in values:
        return values[var.name]
    return var.val


def _apply(kind: str, given: dict[str, Any]) -> Any:
    if kind in _ELEMENTWISE:
        return _ELEMENTWISE[kind](given["x"], given["y"])
    if kind in _UNARY:
        return _UNARY[kind](given["x"])
    if kind in _REDUCTIONS:
        axes = given.get("axes")
        axis = None if axes is None else tuple(int(one) for one in np.atleast_1d(axes))
        return _REDUCTIONS[kind](given["x"], axis=axis, keepdims=bool(given.get("keep_dims", False)))
    if kind not in _OTHERS:
        raise UnknownOpError(f"its op {kind} is not evaluated here")
    return _OTHERS[kind](given)


_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "real_div": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "pow": np.power,
    "squared_difference": lambda x, y: (x - y) ** 2,
    "greater": np.greater,
    "less": np.less,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "greater_equal": np.greater_equal,
    "less_equal": np.less_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
}
_UNARY: dict[str, Callable[..., Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "square": np.square,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "abs": np.abs,
    "sign": np.sign,
    "round": np.round,  # a half goes to the even number, as in TensorFlow
    "identity": lambda x: x,
    "cast": lambda x: x,
    "logical_not": np.logical_not,
}
_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "reduce_mean": np.mean,
    "reduce_sum": np.sum,
    "reduce_max": np.max,
    "reduce_min": np.min,
}


def _batch_norm(given: dict[str, Any]) -> Any:
    x = given["x"]
    shape = (1, -1, *[1] * (x.ndim - 2))
    gamma, beta = given.get("gamma"), given.get("beta")
    y = (x - given["mean"].reshape(shape)) / np.sqrt(given["variance"].reshape(shape) + given["epsilon"])
    y = y if gamma is None else y * gamma.reshape(shape)
    return y if beta is None else y + beta.reshape(shape)


def _conv(given: dict[str, Any]) -> Any:
    x, weight = given["x"], np.asarray(given["weight"], np.float64)
    spatial = x.ndim - 2
    strides = [int(one) for one in given.get("strides", [1] * spatial)]
    dilations = [int(one) for one in given.get("dilations", [1] * spatial)]
    extents = [(size - 1) * dilation + 1 for size, dilation in zip(weight.shape[2:], dilations, strict=True)]
    x = np.pad(x, ((0, 0), (0, 0), *_padding(given, x.shape[2:], extents, strides)))
    windows = np.lib.stride_tricks.sliding_window_view(x, extents, axis=tuple(range(2, x.ndim)))
    every = (slice(None), slice(None), *(slice(None, None, one) for one in strides))
    windows = windows[every + tuple(slice(None, None, one) for one in dilations)]
    groups = int(given.get("groups", 1))
    parts = [
        np.tensordot(part, kernel, (
            (1, *range(2 + spatial, 2 + 2 * spatial)), (1, *range(2, 2 + spatial))
        ))
        for part, kernel in zip(
            np.split(windows, groups, axis=1), np.split(weight, groups, axis=0), strict=True
        )
    ]  # fmt: skip
    y = np.moveaxis(np.concatenate(parts, axis=-1), -1, 1)
    bias = given.get("bias")
    return y if bias is None else y + np.reshape(bias, (1, -1, *[1] * spatial))


def _padding(given: dict[str, Any], sizes: Any, extents: Any, strides: Any) -> list[tuple[int, int]]:
    kind = given.get("pad_type", "valid")
    if kind == "custom":
        pad = [int(one) for one in given["pad"]]
        return list(zip(pad[::2], pad[1::2], strict=True))
    if kind == "valid":
        return [(0, 0)] * len(extents)
    whole = [
        max(0, (-(-size // stride) - 1) * stride + extent - size)
        for size, extent, stride in zip(sizes, extents, strides, strict=True)
    ]
    lower = kind == "same_lower"
    return [(-(-one // 2), one // 2) if lower else (one // 2, -(-one // 2)) for one in whole]


def _conv_transpose(given: dict[str, Any]) -> Any:
    """A convolution of the input, spread out by its strides, with the turned kernel, cut to its shape."""
    x, weight = given["x"], np.asarray(given["weight"], np.float64)
    spatial = x.ndim - 2
    strides = [int(one) for one in given.get("strides", [1] * spatial)]
    if int(given.get("groups", 1)) != 1 or any(int(one) != 1 for one in given.get("dilations", [])):
        raise UnknownOpError("its op conv_transpose, of groups or dilated, is not evaluated here")
    sizes = [(size - 1) * stride + 1 for size, stride in zip(x.shape[2:], strides, strict=True)]
    spread = np.zeros((*x.shape[:2], *sizes))
    places = (slice(None), slice(None), *(slice(None, None, one) for one in strides))
    spread[places] = x
    pad = [size - 1 for size in weight.shape[2:] for _ in range(2)]
    turned = np.flip(np.swapaxes(weight, 0, 1), axis=tuple(range(2, weight.ndim)))
    y = _conv({"x": spread, "weight": turned, "pad_type": "custom", "pad": pad})
    spans = _cut(given, y.shape[2:], weight.shape[2:], strides)
    beyond = [(0, max(0, high - size)) for (_, high), size in zip(spans, y.shape[2:], strict=True)]
    y = np.pad(y, ((0, 0), (0, 0), *beyond))  # strides wider than the kernel leave zeros at the end
    places = (slice(None), slice(None), *(slice(low, high) for low, high in spans))
    y = y[places]
    bias = given.get("bias")
    return y if bias is None else y + np.reshape(bias, (1, -1, *[1] * spatial))


def _cut(given: dict[str, Any], whole: Any, kernel: Any, strides: Any) -> list[tuple[int, int]]:
    """Where the output begins and ends in what the whole kernel gives, for each axis."""
    kind = given.get("pad_type", "valid")
    if kind == "valid":
        return [(0, size) for size in whole]
    if kind == "custom":
        pad = [int(one) for one in given["pad"]]
        return [(low, size - high) for low, high, size in zip(pad[::2], pad[1::2], whole, strict=True)]
    wanted = given.get("output_shape")
    spans = []
    for axis, size in enumerate(whole):
        left = max(0, int(kernel[axis]) - int(strides[axis]))
        low = -(-left // 2) if kind == "same_lower" else left // 2
        length = size - left if wanted is None else int(wanted[2 + axis])
        spans.append((low, low + length))
    return spans


def _gather(given: dict[str, Any]) -> Any:
    if int(given.get("batch_dims", 0)):
        raise UnknownOpError("its op gather, of batches, is not evaluated here")
    return np.take(given["x"], np.asarray(given["indices"], np.int64), axis=int(given.get("axis", 0)))


def _matmul(given: dict[str, Any]) -> Any:
    x, y = given["x"], np.asarray(given["y"], np.float64)
    x = np.swapaxes(x, -1, -2) if given.get("transpose_x") else x
    return x @ (np.swapaxes(y, -1, -2) if given.get("transpose_y") else y)


def _linear(given: dict[str, Any]) -> Any:
    y = given["x"] @ np.asarray(given["weight"], np.float64).T
    return y if given.get("bias") is None else y + given["bias"]


def _softmax(given: dict[str, Any]) -> Any:
    x, axis = given["x"], int(given.get("axis", -1))
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _pool(reduce: Callable[..., Any], filling: float) -> Callable[[dict[str, Any]], Any]:
    def pool(given: dict[str, Any]) -> Any:
        x, sizes = given["x"], [int(one) for one in given["kernel_sizes"]]
        strides = [int(one) for one in given.get("strides", [1] * len(sizes))]
        pads = _padding(given, x.shape[2:], sizes, strides)
        x = np.pad(x, ((0, 0), (0, 0), *pads), constant_values=filling)
        windows = np.lib.stride_tricks.sliding_window_view(x, sizes, axis=tuple(range(2, x.ndim)))
        windows = windows[(slice(None),) * 2 + tuple(slice(None, None, one) for one in strides)]
        return reduce(windows, axis=tuple(range(x.ndim, windows.ndim)))

    return pool


_OTHERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "batch_norm": _batch_norm,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "gather": _gather,
    "matmul": _matmul,
    "linear": _linear,
    "softmax": _softmax,
    "max_pool": _pool(np.max, -np.inf),
    "avg_pool": _pool(np.nanmean, np.nan),
    "rsqrt": lambda given: 1 / np.sqrt(given["x"] + given.get("epsilon", 1e-12)),
    "inverse": lambda given: 1 / (given["x"] + given.get("epsilon", 1e-4)),
    "leaky_relu": lambda given: np.where(given["x"] > 0, given["x"], given["x"] * given["alpha"]),
    "clip": lambda given: np.clip(given["x"], given["alpha"], given["beta"]),
    "select": lambda given: np.where(given["cond"], given["a"], given["b"]),
    "transpose": lambda given: np.transpose(given["x"], [int(one) for one in given["perm"]]),
    "reshape": lambda given: np.reshape(given["x"], [int(one) for one in given["shape"]]),
    "expand_dims": lambda given: np.expand_dims(given["x"], tuple(int(one) for one in given["axes"])),
    "squeeze": lambda given: np.squeeze(given["x"], tuple(int(one) for one in given["axes"])),
    "concat": lambda given: np.concatenate(given["values"], axis=int(given["axis"])),
    "split": lambda given: tuple(np.split(given["x"], int(given["num_splits"]), axis=int(given["axis"]))),
    "shape": lambda given: np.array(given["x"].shape),
    "stack": lambda given: np.stack(given["values"], axis=int(given["axis"])),
}
"""Those whose parameters are more than x and y."""
