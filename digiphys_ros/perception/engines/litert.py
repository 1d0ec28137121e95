# Copyright 2026 digiphys_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""LiteRT: small, fast on a CPU, no TensorFlow import."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
import os
from pathlib import Path
from typing import Any

from ai_edge_litert.interpreter import Interpreter
from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from digiphys_ros.errors import EngineError
from digiphys_ros.files import reason_of
from digiphys_ros.perception.engines.engine import TOLERANCE
import numpy as np
from numpy.typing import NDArray


class LiteRTEngine:
    """
    Run ``model.tflite`` with XNNPACK.

    All threads work on one image, each pinned to a core: Linux wakes sleeping threads on one core,
    and needs a few milliseconds to distribute them. With at least as many images as threads, each
    thread takes its own images: threads that wait for each other are slow on a busy machine.
    Quantised inputs and outputs are converted with the scale and zero point of the model. If that
    maps each pixel to itself, the input is uint8.

    :param threads: 0 uses every core.
    :raises EngineError: when the file is not a LiteRT model, or its input does not match the
        bundle.
    """

    name, device = 'litert', 'CPU'

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        path = bundle.file('litert')
        if path is None:
            raise EngineError(f'{bundle.directory}: holds no LiteRT model, only '
                              f'{", ".join(bundle.manifest.files)}.')
        self._path = path
        cores = _cores()
        self._threads = threads or len(cores) or os.cpu_count() or 1
        # random: each process leaves another core to the calling thread
        self._own_core = {cores[os.getpid() % len(cores)]} \
            if 1 < self._threads == len(cores) else set()
        try:
            with _kept_to(set(cores) - self._own_core):
                self._together = _Network(path, self._threads)
        except (ValueError, RuntimeError) as error:
            raise EngineError(f'{path}: LiteRT cannot load it: {reason_of(error)}.') from error
        shape = self._together.shape
        if shape[1:] != bundle.spec.shape[1:]:
            raise EngineError(f'{path}: the model takes {shape}, the bundle prepares '
                              f'{bundle.spec.shape}.')
        self.spec = bundle.spec
        if self._together.takes_pixels(self.spec):
            self.spec = bundle.spec.model_copy(update={'dtype': 'uint8'})
        # int8 rounds activations; golden logits come from the float32 model
        self.tolerance = 0.15 if self._together.is_quantised() else TOLERANCE

    def infer(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Return logits of shape (N, classes)."""
        shared = len(tensor) % self._threads if self._threads > 1 else len(tensor)
        logits: list[NDArray[Any]] = []
        if shared < len(tensor):
            networks, pool = self._apart
            own = np.split(tensor[shared:], self._threads)
            logits += pool.map(_Network.__call__, networks, own)
        if shared:
            with _kept_to(self._own_core):
                logits.insert(0, self._together(tensor[:shared]))
        return np.concatenate(logits)

    @cached_property
    def _apart(self) -> tuple[list['_Network'], ThreadPoolExecutor]:
        """Return a network for each thread; created with the first batch."""
        return ([_Network(self._path, 1) for _ in range(self._threads)],
                ThreadPoolExecutor(self._threads, 'litert'))


class _Network:
    """One interpreter, for one image at a time."""

    def __init__(self, path: Path, threads: int) -> None:
        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        details = self._interpreter.get_input_details()[0]
        self.shape = (1, *(int(size) for size in details['shape'][1:]))
        self._interpreter.resize_tensor_input(details['index'], self.shape)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    def __call__(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Return logits of shape (N, classes)."""
        entered = _quantised(tensor, self._input)
        return np.concatenate([self._answer(entered[index:index + 1])
                               for index in range(len(entered))])

    def _answer(self, entered: NDArray[Any]) -> NDArray[Any]:
        self._interpreter.set_tensor(self._input['index'], entered)
        self._interpreter.invoke()
        return _dequantised(self._interpreter.get_tensor(self._output['index']), self._output)

    def takes_pixels(self, spec: PreprocessSpec) -> bool:
        """Return whether the input quantisation maps each pixel to itself."""
        if self._input['dtype'] != np.uint8:
            return False
        pixels = np.arange(256, dtype=np.uint8)[:, None]
        return bool((_quantised(spec.value_of(pixels), self._input) == pixels).all())

    def is_quantised(self) -> bool:
        """Return whether any tensor has 8-bit integers."""
        return any(details['dtype'] in (np.int8, np.uint8)
                   for details in self._interpreter.get_tensor_details())


def _cores() -> list[int]:
    """Return the cores that this thread may use; empty if the system does not report them."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else []


@contextmanager
def _kept_to(cores: set[int]) -> Iterator[None]:
    """Pin the calling thread, and threads that it starts, to cores; empty is all."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _quantised(tensor: NDArray[Any], details: dict[str, Any]) -> NDArray[Any]:
    kind = details['dtype']
    scale, zero = details['quantization']
    if kind == tensor.dtype or not scale:
        return tensor.astype(kind, copy=False)
    limits = np.iinfo(kind)
    result: NDArray[Any] = \
        np.clip(np.rint(tensor / scale) + zero, limits.min, limits.max).astype(kind)
    return result


def _dequantised(tensor: NDArray[Any], details: dict[str, Any]) -> NDArray[Any]:
    scale, zero = details['quantization']
    if tensor.dtype == np.float32 or not scale:
        return tensor.astype(np.float32)
    result: NDArray[Any] = ((tensor.astype(np.float32) - zero) * scale).astype(np.float32)
    return result
