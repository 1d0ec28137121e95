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

"""Convert Keras to ONNX."""

from pathlib import Path
from typing import Any
import warnings


def write_onnx(model: Any, folder: Path) -> Path:
    """Write ``model.onnx`` with a variable batch size."""
    import numpy as np
    path = folder / 'model.onnx'
    # Keras needs one call of the model before the export
    model(np.zeros((1, *model.input_shape[1:]), np.float32), training=False)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', FutureWarning)
        model.export(path, format='onnx', verbose=False)
    return path
