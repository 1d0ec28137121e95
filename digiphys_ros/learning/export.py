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

"""A trained Keras model to the files of a bundle."""

from pathlib import Path
import shutil
from typing import Any

from digiphys_ros.errors import EngineError
from digiphys_ros.perception.bundle import FileKind
import numpy as np
from numpy.typing import NDArray


def export_model(model: Any, folder: Path, check: NDArray[Any]) -> dict[FileKind, Path]:
    """
    Write ``model.keras`` (weights alone, no optimizer) and ``model.tflite``.

    :param check: (N, H, W, C) tensor on which both must agree.
    :return: the files by kind.
    :raises EngineError: when LiteRT does not answer as Keras does.
    """
    import tensorflow as tf
    # a clone would take the optimizer's state along, twice the size of the weights
    bare = model.__class__.from_config(model.get_config())
    bare.set_weights(model.get_weights())
    keras_file, lite_file = folder / 'model.keras', folder / 'model.tflite'
    bare.save(keras_file)
    saved = folder / 'for_litert'
    bare.export(saved, verbose=False)
    lite_file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert())
    shutil.rmtree(saved)
    expected = bare(check, training=False).numpy()
    worst = float(np.abs(_run_lite(lite_file, check) - expected).max())
    if worst > 1e-3 * max(float(np.abs(expected).max()), 1.0):
        raise EngineError(f'LiteRT differs from Keras by {worst:.4g} on {len(check)} held-out '
                          'images: not exported.')
    return {'litert': lite_file, 'keras': keras_file}


def _run_lite(path: Path, tensor: NDArray[Any]) -> NDArray[Any]:
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(model_path=str(path))
    index = interpreter.get_input_details()[0]['index']
    interpreter.resize_tensor_input(index, tensor.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, tensor)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]['index']))
