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

from functools import partial
import os
from typing import Any

from ai_edge_litert.interpreter import Interpreter
from digiphys_ros.errors import EngineError
from digiphys_ros.perception.bundle import Bundle
import numpy as np
from numpy.typing import NDArray

KEPT_INTERPRETERS = 8


class LiteRTEngine:
    """
    Run ``model.tflite`` with XNNPACK.

    Quantised inputs and outputs are converted by the scale and zero point in the model. Where that
    makes of each pixel the pixel itself, the model is fed with uint8.

    :param threads: 0 takes every core.
    :raises EngineError: when the file is no LiteRT model or its input is not the contract's.
    """

    name = 'litert'

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        path = bundle.file('litert')
        if path is None:
            raise EngineError(f'{bundle.directory}: holds no LiteRT model, only '
                              f'{", ".join(bundle.manifest.files)}.')
        try:
            self._make = partial(
                Interpreter, model_path=str(path), num_threads=threads or os.cpu_count() or 1)
            self._loaded: dict[int, tuple[Any, Any, Any]] = {}
            self._use(1)
        except (ValueError, RuntimeError) as error:
            raise EngineError(f'{path}: LiteRT cannot load it: {error}') from error
        shape = tuple(int(size) for size in self._input['shape'])
        if shape[1:] != bundle.spec.shape[1:]:
            raise EngineError(f'{path}: the model takes {shape}, the bundle prepares '
                              f'{bundle.spec.shape}.')
        self.spec = bundle.spec
        if self._takes_pixels():
            self.spec = bundle.spec.model_copy(update={'dtype': 'uint8'})
        # int8 rounds each activation; golden logits come from the float model
        self.tolerance = 0.15 if self._is_quantised() else 1e-3

    def infer(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Return logits of shape (N, classes)."""
        self._use(len(tensor))
        self._interpreter.set_tensor(self._input['index'], _quantised(tensor, self._input))
        self._interpreter.invoke()
        return _dequantised(self._interpreter.get_tensor(self._output['index']), self._output)

    def _use(self, batch: int) -> None:
        """Take the interpreter of a batch size; to resize one takes as long as many images."""
        if batch not in self._loaded:
            if len(self._loaded) >= KEPT_INTERPRETERS:
                self._loaded.pop(next(iter(self._loaded)))
            interpreter = self._allocated(batch)
            self._loaded[batch] = (interpreter, interpreter.get_input_details()[0],
                                   interpreter.get_output_details()[0])
        self._interpreter, self._input, self._output = self._loaded[batch]

    def _allocated(self, batch: int) -> Any:
        interpreter = self._make()
        details = interpreter.get_input_details()[0]
        interpreter.resize_tensor_input(
            details['index'], [batch, *(int(size) for size in details['shape'][1:])])
        interpreter.allocate_tensors()
        return interpreter

    def _takes_pixels(self) -> bool:
        if self._input['dtype'] != np.uint8:
            return False
        pixels = np.arange(256, dtype=np.uint8)[:, None]
        entered = _quantised(self.spec.value_of(pixels), self._input)
        return bool((entered == pixels).all())

    def _is_quantised(self) -> bool:
        return any(details['dtype'] in (np.int8, np.uint8)
                   for details in self._interpreter.get_tensor_details())


def _quantised(tensor: NDArray[Any], details: dict[str, Any]) -> NDArray[Any]:
    kind = details['dtype']
    scale, zero = details['quantization']
    if kind == tensor.dtype or not scale:
        return tensor.astype(kind, copy=False)
    limits = np.iinfo(kind)
    return np.clip(np.rint(tensor / scale) + zero, limits.min, limits.max).astype(kind)


def _dequantised(tensor: NDArray[Any], details: dict[str, Any]) -> NDArray[Any]:
    scale, zero = details['quantization']
    if tensor.dtype == np.float32 or not scale:
        return tensor.astype(np.float32)
    return ((tensor.astype(np.float32) - zero) * scale).astype(np.float32)
