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

"""Convert Keras to LiteRT: float32, float16 weights, or int8."""

from pathlib import Path
import shutil
from typing import Any, Literal
import warnings

from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
import numpy as np
from numpy.typing import NDArray

Precision = Literal['float32', 'float16', 'int8']


def with_extremes(tensors: NDArray[Any], spec: PreprocessSpec) -> NDArray[Any]:
    """
    Add a black and a white pixel to representative tensors.

    Their range is then the full range, and one step of the quantised input is one pixel value.

    :param tensors: (N, H, W, C) float32, N at least 1.
    """
    tensors = tensors.copy()
    tensors[0, 0, :2] = spec.value_of(np.array([[0], [255]], np.uint8))
    return tensors


def write_litert(model: Any, folder: Path, precision: Precision = 'float32',
                 representative: NDArray[Any] | None = None) -> Path:
    """
    Write ``model.tflite``.

    int8 quantises weights and activations by their range on representative images. Its input is
    uint8, its output float32; with ``with_extremes`` the input is the pixels themselves. Divisions
    and the operations before them stay in float32, the input included.

    :param representative: (N, H, W, C) training tensors; int8 needs them.
    """
    import tensorflow as tf
    saved, path = folder / 'for_litert', folder / 'model.tflite'
    floats: list[str] = []
    # only the conversion from a SavedModel can be silenced
    model.export(saved, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    if precision != 'float32':
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == 'float16':
        converter.target_spec.supported_types = [tf.float16]
    if precision == 'int8':
        if representative is None:
            raise ValueError('int8 needs representative tensors')
        converter.representative_dataset = lambda: (
            [tensor[None].astype(np.float32)] for tensor in representative)
        floats = _before_divisions(saved)
        if not floats:
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.uint8
    path.write_bytes(_partly_quantised(converter, floats) if floats else converter.convert())
    shutil.rmtree(saved)
    return path


def _before_divisions(saved: Path) -> list[str]:
    """Return the names of all divisions in a SavedModel, and of their inputs."""
    from ai_edge_litert.interpreter import Interpreter
    import tensorflow as tf
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    plain = Interpreter(model_content=converter.convert())
    operations = plain._get_ops_details()
    maker = {output: one for one in operations for output in one['outputs']}
    found, left = set(), [one for one in operations if one['op_name'] == 'DIV']
    while left:
        one = left.pop()
        found.update(one['outputs'])
        left += [maker[index] for index in one['inputs'] if index in maker]
    return sorted(tensor['name'] for tensor in plain.get_tensor_details()
                  if tensor['index'] in found)


def _partly_quantised(converter: Any, floats: list[str]) -> bytes:
    """
    Return an int8 model in which some operations stay in float32.

    LiteRT uses one scale for both operands of a division, in which a small divisor becomes zero.
    """
    import tensorflow as tf
    with warnings.catch_warnings():
        # it creates TensorFlow's interpreter, which prints a deprecation warning
        warnings.simplefilter('ignore')
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=converter.representative_dataset,
            debug_options=tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=floats))
    model: bytes = debugger.get_nondebug_quantized_model()
    return model
