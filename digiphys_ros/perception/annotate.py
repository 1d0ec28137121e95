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

"""Draw a classification and its region of interest into an image."""

from typing import Any

import cv2
from digiphys_ros.perception.classify import Classification
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.preprocess import Box
import numpy as np
from numpy.typing import NDArray

ROWS = 3
"""Lines of text; constant, so that all images of a camera have one size."""
LEAST_ROW = 14
FONT = cv2.FONT_HERSHEY_SIMPLEX
RECOGNISED, ABSTAINED = (0, 200, 0), (0, 165, 255)
"""Color of the region, BGR."""


def annotate(frame: Frame, result: Classification, box: Box) -> NDArray[Any]:
    """
    Return a copy of the frame with the region of interest, and the best classes below it.

    The text is on a separate strip: OpenCV 4 and 5 draw letters of different width, and neither is
    legible on an image.

    :param box: left, top, right and bottom of the region.
    :return: (H + strip, W, 3) uint8 in BGR; pixels of the frame keep their position.
    """
    image = frame.converted('bgr')
    height, width = image.shape[:2]
    row = max(LEAST_ROW, height // 20)
    canvas = np.zeros((height + ROWS * row, width, 3), np.uint8)
    canvas[:height] = image
    left, top, right, bottom = box
    if (right - left, bottom - top) != (width, height):
        cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1),
                      ABSTAINED if result.abstained else RECOGNISED, max(1, row // 12))
    lines = [f'{label} {score:.2f}' for label, score in result.scores[:ROWS]] or ['abstained']
    for number, line in enumerate(lines):
        _write(canvas[height + number * row:height + (number + 1) * row], line)
    return canvas


def _write(strip: NDArray[Any], line: str) -> None:
    """Write a white line that fits the strip."""
    row, width = strip.shape[:2]
    margin, thickness = row // 4, max(1, row // 20)
    (long, high), below = cv2.getTextSize(line, FONT, 1.0, thickness)
    scale = min(0.8 * row / (high + below), (width - 2 * margin) / long)
    baseline = round((row + (high - below) * scale) / 2)
    cv2.putText(strip, line, (margin, baseline), FONT, scale, (255, 255, 255), thickness,
                cv2.LINE_AA)
