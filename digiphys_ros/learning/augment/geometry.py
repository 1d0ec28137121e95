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

"""Random shift, scale, perspective and mirroring of an image."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def transform(image: NDArray[Any], rng: np.random.Generator, *, crop: float, scale: float,
              perspective: float, horizontal: bool, vertical: bool) -> NDArray[Any]:
    """
    Transform the image at random; its mirror image fills the border.

    :param image: (H, W, 3) or (H, W), uint8.
    :param crop: largest shift, as a fraction of the size.
    :param scale: largest relative change of size.
    :param perspective: largest movement of a corner, as a fraction of the size.
    """
    if horizontal and rng.random() < 0.5:
        image = cv2.flip(image, 1)
    if vertical and rng.random() < 0.5:
        image = cv2.flip(image, 0)
    height, width = image.shape[:2]
    shift = rng.uniform(-crop, crop, 2) * (width, height) if crop else np.zeros(2)
    if not scale and not perspective:
        return _shift(image, *np.rint(shift).astype(int).tolist())
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    center = np.array([width, height], np.float32) / 2
    factor = np.exp(rng.uniform(-1, 1) * np.log1p(scale))
    jitter = rng.uniform(-perspective, perspective, (4, 2)) * (width, height)
    target = ((corners - center) * factor + center + shift + jitter).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    return cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_LINEAR,
                               borderMode=cv2.BORDER_REFLECT_101)


def _shift(image: NDArray[Any], right: int, down: int) -> NDArray[Any]:
    """Shift the image by whole pixels, without interpolation."""
    if not right and not down:
        return image
    height, width = image.shape[:2]
    padded = cv2.copyMakeBorder(image, abs(down), abs(down), abs(right), abs(right),
                                cv2.BORDER_REFLECT_101)
    top, left = abs(down) - down, abs(right) - right
    return padded[top:top + height, left:left + width]
