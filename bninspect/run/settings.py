"""With what settings a session runs: on which device, in how many threads, as written or optimized.

Numbers of a processor are the same from run to run; those of a GPU agree to tolerance only. Sums of one
thread are the same whoever makes them; those of several are rounded as they are split up.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from bninspect.errors import RunError

if TYPE_CHECKING:
    from bninspect.options import Device

_GPUS = "CUDA_VISIBLE_DEVICES"
_OWN_POOLS = "TF_OVERRIDE_GLOBAL_THREADPOOL"
_device: list[Device] = ["cpu"]


def use(device: Device) -> None:
    """What runs models from now on in this process; it has to be said before the first one runs."""
    _device[0] = device


def hide_gpus() -> None:
    """TensorFlow does not look for GPUs, which takes a while, in this process, which is ours alone."""
    os.environ[_GPUS] = "-1"


def device() -> Device:
    """What runs models."""
    return _device[0]


def has_own_pools() -> bool:
    """Whether every session can have threads of its own, which this asks for; too late once TensorFlow was
    loaded without: then all sessions of the process have one pool, as large as the first of them wanted.
    """
    if "tensorflow" not in sys.modules:
        os.environ[_OWN_POOLS] = "1"
    return os.environ.get(_OWN_POOLS) == "1"


def configuration(tf: Any, *, optimized: bool = False, one_thread: bool = False) -> Any:
    """The ConfigProto of a session that runs a model.

    Not `optimized` it runs the graph as it stands in the file: TensorFlow's optimizer rewrites a fused batch
    norm, and then some of its outputs no longer exist; it also swaps functions by name, which would run what
    the allow-list has not seen. `one_thread` takes effect if the process `has_own_pools`. Raises RunError if
    a GPU is asked for and TensorFlow sees none.
    """
    config = on_processor(tf)
    if device() == "gpu":
        _use_gpu(tf)
        del config.device_count["GPU"]
        # What others have left, as it is needed: TensorFlow would take all memory of the GPU at once.
        config.gpu_options.allow_growth = True
    if one_thread:
        config.intra_op_parallelism_threads = config.inter_op_parallelism_threads = 1
        config.use_per_session_threads = True
    if not optimized:
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        config.graph_options.optimizer_options.opt_level = tf.compat.v1.OptimizerOptions.L0
    return config


def _use_gpu(tf: Any) -> None:
    """Makes the GPU ready. Raises RunError if there is none."""
    if not tf.config.list_physical_devices("GPU"):
        hidden = os.environ.get(_GPUS)
        why = f" ({_GPUS} is {hidden!r})" if hidden is not None else ""
        raise RunError(f"--device gpu: TensorFlow {tf.__version__} sees no GPU here{why}")
    # TensorFloat-32 has 10 bits of a float32's 23, and the modes are compared more closely than that.
    tf.config.experimental.enable_tensor_float_32_execution(False)


def on_processor(tf: Any) -> Any:
    """The ConfigProto of a session that sees no GPU, whatever the process sees: images are prepared so."""
    return tf.compat.v1.ConfigProto(device_count={"GPU": 0})
