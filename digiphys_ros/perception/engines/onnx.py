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

"""ONNX Runtime: on a GPU with CUDA if possible, else on the CPU."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.errors import EngineError
from digiphys_ros.perception.engines.engine import GPU_TOLERANCE, TOLERANCE
from digiphys_ros.perception.engines.onnxfile import check_onnx
import numpy as np
from numpy.typing import NDArray
import onnxruntime

CPU, CUDA = 'CPUExecutionProvider', 'CUDAExecutionProvider'
KEPT_BINDINGS = 8


class OnnxEngine:
    """
    Run ``model.onnx``; buffers of each batch size are allocated once, on the device.

    :param threads: threads in one operation; 0 is the default of ONNX Runtime.
    :raises EngineError: when the file is not an ONNX model, or its input does not match the
        bundle.
    """

    name = 'onnx'

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        path = bundle.file('onnx')
        if path is None:
            raise EngineError(f'{bundle.directory}: holds no ONNX model, only '
                              f'{", ".join(bundle.manifest.files)}.')
        check_onnx(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # no warnings about missing providers: one line names the provider in use
        options.log_severity_level = 3
        self._session = _session(path, options)
        self.spec = bundle.spec
        self._input = self._session.get_inputs()[0]
        if tuple(self._input.shape[1:]) != bundle.spec.shape[1:]:
            raise EngineError(f'{path}: the model takes {tuple(self._input.shape)}, the bundle '
                              f'prepares {bundle.spec.shape}.')
        self._bindings: dict[tuple[int, ...], tuple[Any, Any]] = {}
        self.device = self._session.get_providers()[0].removesuffix('ExecutionProvider')
        self.tolerance = TOLERANCE if self.device == 'CPU' else GPU_TOLERANCE

    def infer(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Return logits of shape (N, classes)."""
        if tensor.shape not in self._bindings:
            if len(self._bindings) >= KEPT_BINDINGS:
                self._bindings.pop(next(iter(self._bindings)))
            self._bindings[tensor.shape] = self._bound(tensor)
        binding, entered = self._bindings[tensor.shape]
        entered.update_inplace(tensor)
        self._session.run_with_iobinding(binding)
        return np.asarray(binding.copy_outputs_to_cpu()[0], np.float32)

    def _bound(self, tensor: NDArray[Any]) -> tuple[Any, Any]:
        device = 'cpu' if self.device == 'CPU' else 'cuda'
        output = self._session.get_outputs()[0]
        # own memory: on a CPU an OrtValue of an array would share the caller's
        entered, left = (
            onnxruntime.OrtValue.ortvalue_from_shape_and_type(shape, kind, device)
            for shape, kind in ((tensor.shape, tensor.dtype.type),
                                ((len(tensor), output.shape[1]), np.float32)))
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(self._input.name, entered)
        binding.bind_ortvalue_output(output.name, left)
        return binding, entered


def _session(path: Path, options: Any) -> Any:
    """Return a session on a working GPU, else on the CPU."""
    if CUDA in onnxruntime.get_available_providers():
        # CUDA libraries from Python packages, if installed
        with suppress(Exception):
            onnxruntime.preload_dlls()
        # a driver or library may be missing; a broken model also fails on the CPU
        with suppress(Exception):
            return onnxruntime.InferenceSession(str(path), options, [CUDA, CPU], enable_fallback=0)
    try:
        return onnxruntime.InferenceSession(str(path), options, [CPU])
    except Exception as error:
        raise EngineError(f'{path}: ONNX Runtime cannot load it: '
                          f'{str(error).splitlines()[0]}') from error
