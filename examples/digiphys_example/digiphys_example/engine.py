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

"""An engine that runs a bundle's ONNX file with ``cv2.dnn``."""

from typing import Any

import cv2
from digiphys_ros.bundles import Bundle
from digiphys_ros.errors import EngineError
from digiphys_ros.perception.engines.engine import TOLERANCE
import numpy as np
from numpy.typing import NDArray


class OpenCVEngine:
    """
    Run ``model.onnx`` with OpenCV, one image at a time.

    :raises EngineError: if the bundle has no ONNX file, or OpenCV cannot read it.
    """

    name, device, tolerance = 'opencv', 'CPU', TOLERANCE

    def __init__(self, bundle: Bundle) -> None:
        path = bundle.file('onnx')
        if path is None:
            raise EngineError(f'{bundle.directory} has no ONNX file, only '
                              f'{", ".join(bundle.manifest.files)}. Make one with: '
                              'digiphys export --formats onnx')
        self.spec = bundle.spec
        try:
            self._network = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise EngineError(f'OpenCV cannot read {path}: {error}') from error

    def infer(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Return logits of shape (N, classes)."""
        return np.concatenate([self._logits(tensor[index:index + 1])
                               for index in range(len(tensor))])

    def _logits(self, image: NDArray[Any]) -> NDArray[Any]:
        self._network.setInput(image)
        return np.asarray(self._network.forward(), np.float32).reshape(1, -1)
