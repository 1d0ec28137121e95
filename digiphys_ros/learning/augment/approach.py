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

"""Augmentation that shows a sign as a camera on the way to it does."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SMALLEST = 0.42
"""Smallest size of the sign, as a fraction of the crop."""


def approach(image: NDArray[Any], scenery: NDArray[Any], rng: np.random.Generator
             ) -> NDArray[Any]:
    """
    Return ``image`` smaller, shifted, rotated and relit, in front of scenery.

    :param image: (H, W, 3) or (H, W), uint8.
    :param scenery: (H, W, 3) uint8, without a sign.
    :return: (H, W, 3) uint8.
    """
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    height, width = image.shape[:2]
    scale = rng.uniform(SMALLEST, 1.15) if rng.random() < 0.6 else rng.uniform(0.9, 1.15)
    room = 0.06 + max(0.0, 1 - scale) / 2 * 0.8
    shift = rng.uniform(-room, room, 2) * (width, height)
    center = width / 2, height / 2
    matrix: NDArray[Any] = cv2.getRotationMatrix2D(center, rng.uniform(-8, 8), scale)
    matrix[:, 0] *= rng.uniform(0.9, 1.1)
    matrix[:, 2] += shift
    if scale < 0.9:
        mask = cv2.warpAffine(_feather(height, width), matrix, (width, height))[..., None]
        moved = cv2.warpAffine(image, matrix, (width, height))
        moved = moved * mask + scenery * (1 - mask)
    else:
        moved = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return _relit(moved.astype(np.float32), rng)


def _relit(image: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.9))
    contrast, light = rng.uniform(0.7, 1.3), rng.uniform(-25, 25)
    tint = rng.uniform(0.93, 1.07, 3).astype(np.float32)
    lit = (image - 128) * contrast * tint + 128 + light
    lit += rng.normal(0, rng.uniform(0, 5), image.shape)
    return np.clip(lit, 0, 255).astype(np.uint8)


def _feather(height: int, width: int) -> NDArray[Any]:
    """Return a disk with soft edges: the network must not learn the seam of a pasted sign."""
    rows, columns = np.mgrid[-1:1:height * 1j, -1:1:width * 1j]
    distance = np.sqrt(rows ** 2 + columns ** 2)
    result: NDArray[Any] = np.clip((1.12 - distance) / 0.15, 0, 1).astype(np.float32)
    return result
