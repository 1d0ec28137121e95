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

"""TensorFlow: Keras file or SavedModel, on a GPU if there is one."""

from collections.abc import Callable
import os
from pathlib import Path
from typing import Any

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.errors import EngineError
from digiphys_ros.files import reason_of
from digiphys_ros.perception.engines.engine import GPU_TOLERANCE, TOLERANCE
from digiphys_ros.perception.engines.kerasfile import load_keras
from digiphys_ros.perception.engines.savedmodel import check_saved_model
from numpy.typing import NDArray

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
# otherwise the first process allocates all GPU memory
os.environ.setdefault('TF_FORCE_GPU_ALLOW_GROWTH', 'true')

import tensorflow as tf  # noqa: E402

ALIGNED = 64
"""Alignment of TensorFlow's tensors [bytes]."""


class TensorFlowEngine:
    """
    Run the bundle's Keras file (in safe mode) or SavedModel.

    :param threads: threads in one operation; 0 is the default of TensorFlow.
    :param xla: compile with XLA.
    :param mixed_precision: compute in float16; only on a GPU.
    :raises EngineError: when the model cannot be loaded, or its input does not match the bundle.
    """

    name = 'tensorflow'

    def __init__(self, bundle: Bundle, threads: int = 0, *, xla: bool = False,
                 mixed_precision: bool = False) -> None:
        self.spec = bundle.spec
        self.device = 'GPU' if sees_gpu() else 'CPU'
        self._configure(threads)
        # float32 too: since Ampere, GPUs compute it in TF32
        self.tolerance = TOLERANCE if self.device == 'CPU' else GPU_TOLERANCE
        model = self._load(bundle, mixed_precision and self.device == 'GPU')

        def call(tensor: Any) -> Any:
            return tf.cast(model(tensor), tf.float32)

        signature = tf.TensorSpec((None, *bundle.spec.shape[1:]), bundle.spec.dtype)
        self._call = tf.function(call, input_signature=[signature], jit_compile=xla or None)

    def infer(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Return logits of shape (N, classes)."""
        logits: NDArray[Any] = self._call(_tensor(tensor)).numpy()
        return logits

    @staticmethod
    def _configure(threads: int) -> None:
        try:
            if threads:
                tf.config.threading.set_intra_op_parallelism_threads(threads)
        except RuntimeError:
            # TensorFlow already runs with the settings of an earlier engine
            return

    @staticmethod
    def _load(bundle: Bundle, half: bool) -> Any:
        keras_file, saved_model = bundle.file('keras'), bundle.file('savedmodel')
        path = keras_file or saved_model
        if path is None:
            raise EngineError(f'{bundle.directory}: holds no Keras file and no SavedModel, only '
                              f'{", ".join(bundle.manifest.files)}.')
        if keras_file is None:
            check_saved_model(path)
            try:
                return _saved_model(path)
            except Exception as error:
                raise EngineError(f'{path}: TensorFlow cannot load it: '
                                  f'{reason_of(error)[:300]}.') from error
        model = load_keras(path)
        if tuple(model.input_shape[1:]) != bundle.spec.shape[1:]:
            raise EngineError(f'{path}: the model takes {model.input_shape}, the bundle prepares '
                              f'{bundle.spec.shape}.')
        return _half(model) if half else model


def sees_gpu() -> bool:
    """Return whether TensorFlow finds a GPU."""
    return bool(tf.config.list_physical_devices('GPU'))


def _tensor(array: NDArray[Any]) -> Any:
    """Return an array as a tensor, without a copy if it is aligned."""
    if array.ctypes.data % ALIGNED or not (array.flags.c_contiguous and array.flags.writeable):
        return tf.convert_to_tensor(array)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def _saved_model(path: Path) -> Callable[[Any], Any]:
    """Return the serving function of a SavedModel with one input and one output."""
    loaded = tf.saved_model.load(str(path))
    serve = loaded.signatures['serving_default']
    name = next(iter(serve.structured_input_signature[1]))
    # keeps the loaded variables alive

    def call(tensor: Any) -> Any:
        return next(iter(serve(**{name: tensor}).values()))

    call.loaded = loaded  # type: ignore[attr-defined]
    return call


def _half(model: Any) -> Any:
    """Return the model with float16 computation; plain operations have no policy."""
    copy = tf.keras.models.clone_model(
        model, recursive=True, clone_function=lambda layer: layer.__class__.from_config({
            **layer.get_config(),
            **({'dtype': 'mixed_float16'} if isinstance(layer, tf.keras.layers.Layer) else {})}))
    copy.set_weights(model.get_weights())
    return copy
