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

"""Background images without any of the classes."""

from typing import Any

import cv2
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.sources import open_source
import numpy as np
from numpy.typing import NDArray


def background_crops(source: str, count: int, size_px: int, seed: int) -> NDArray[Any]:
    """
    Return square crops of images without any of the classes.

    :param source: any source of the camera node.
    :return: (count, size_px, size_px, 3) uint8, RGB.
    """
    rng = np.random.default_rng(seed)
    colors: dict[str, Any] = {'bgr8': 'bgr', 'rgb8': 'rgb', 'mono8': 'mono'}
    images = [Frame(frame.pixels, colors[frame.encoding]) for frame in open_source(source)]
    crops = []
    for index in rng.integers(0, len(images), count):
        pixels = images[index].converted('rgb')
        shortest = min(pixels.shape[:2])
        side = int(rng.integers(max(shortest // 4, 1), shortest + 1))
        top = int(rng.integers(0, pixels.shape[0] - side + 1))
        left = int(rng.integers(0, pixels.shape[1] - side + 1))
        crops.append(cv2.resize(pixels[top:top + side, left:left + side], (size_px, size_px),
                                interpolation=cv2.INTER_AREA))
    return np.stack(crops)
