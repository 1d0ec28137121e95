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

"""Draw a classification into its image, for people who watch."""

from typing import Any

import cv2
from digiphys_ros.perception.classify import Classification
from digiphys_ros.perception.frame import Frame
import numpy as np
from numpy.typing import NDArray


def annotated(frame: Frame, result: Classification) -> NDArray[Any]:
    """
    Return a copy of the frame with one line of text a class.

    :return: (H, W, 3) uint8 in BGR.
    """
    image = np.ascontiguousarray(frame.converted('bgr')).copy()
    scale = max(image.shape[0] / 480, 0.3)
    lines = [f'{label} {score:.2f}' for label, score in result.scores] or ['abstained']
    for row, line in enumerate(lines):
        position = (int(8 * scale), int(28 * scale * (row + 1)))
        # dark outline under light text reads on any background
        for colour, thickness in (((0, 0, 0), 4), ((255, 255, 255), 1)):
            cv2.putText(image, line, position, cv2.FONT_HERSHEY_SIMPLEX, 0.8 * scale, colour,
                        max(1, int(thickness * scale)), cv2.LINE_AA)
    return image
