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

"""Corruptions by weather, dirt and camera, in five strengths each."""

from collections.abc import Callable, Mapping
import math
from typing import Any

import cv2
from digiphys_ros.bundles.preprocess_spec import PreprocessSpec, WHOLE_FRAME
from digiphys_ros.learning.augment.camera import apply_motion_blur
from digiphys_ros.perception.imagefile import decode_file
from digiphys_ros.perception.preprocess import OVERSAMPLING
import numpy as np
from numpy.typing import NDArray

Corruption = Callable[[NDArray[Any], int, np.random.Generator], NDArray[Any]]
STRENGTHS = (1, 2, 3, 4, 5)


OF_COLORS = frozenset({'color_temperature'})
"""Corruptions without effect on a gray image."""


def changes(name: str, image: NDArray[Any]) -> bool:
    """Return whether a corruption changes an image: (H, W, 3), or (H, W) if gray."""
    return image.ndim == 3 or name not in OF_COLORS


def shrink(image: NDArray[Any], spec: PreprocessSpec) -> NDArray[Any]:
    """
    Shrink an image to at most about twice the network's input.

    Blur, dirt and fog scale with the image and look the same; at full size a photograph takes
    minutes and gigabytes. Noise and JPEG artefacts have the size of a pixel: at full size the
    network would average them away, and a strength would depend on the camera.
    """
    _, _, width, height = spec.roi or WHOLE_FRAME
    factor = OVERSAMPLING * max(spec.height / (height * image.shape[0]),
                                spec.width / (width * image.shape[1]))
    if factor >= 1:
        return image
    rows, columns = (math.ceil(side * factor) for side in image.shape[:2])
    return cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)


def corrupt(image: NDArray[Any], name: str, strength: int, seed: int) -> NDArray[Any]:
    """
    Return a corrupted copy.

    Corruptions and strengths follow Hendrycks & Dietterich (2019). Lengths are fractions of the
    image size, so a strength has the same effect at every size.

    :param image: (H, W, 3) RGB or (H, W), uint8.
    :param name: a key of ``ALL_CORRUPTIONS`` that ``changes`` the image.
    :param strength: 1 to 5.
    """
    changed = ALL_CORRUPTIONS[name](image, strength, np.random.default_rng([seed, strength]))
    return np.clip(changed, 0, 255).astype(np.uint8)


def corrupt_randomly(image: NDArray[Any], corruptions: Mapping[str, int],
                     rng: np.random.Generator) -> NDArray[Any]:
    """
    Return a copy with one of several corruptions.

    :param corruptions: name -> least strength; at least one must change a gray image.
    """
    names = [name for name in corruptions if changes(name, image)]
    name = names[int(rng.integers(len(names)))]
    strength = int(rng.integers(corruptions[name], STRENGTHS[-1] + 1))
    return corrupt(image, name, strength, int(rng.integers(2 ** 31)))


def _gaussian_noise(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    return image + rng.normal(0, (6, 12, 20, 30, 45)[strength - 1], image.shape)


def _shot_noise(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    photons = (120, 60, 30, 15, 8)[strength - 1]
    counted: NDArray[Any] = rng.poisson(image / 255 * photons) / photons * 255
    return counted


def _defocus_blur(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    radius = 0.5 + max(image.shape[:2]) * (0.01, 0.02, 0.03, 0.045, 0.06)[strength - 1]
    size = 2 * int(np.ceil(radius)) + 1
    rows, columns = np.mgrid[:size, :size] - size // 2
    disk = np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1).astype(np.float32)
    return cv2.filter2D(image, -1, disk / disk.sum(), borderType=cv2.BORDER_REFLECT_101)


def _motion_blur(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    length_px = max(image.shape[:2]) * (0.06, 0.1, 0.15, 0.2, 0.3)[strength - 1]
    return apply_motion_blur(image, length_px, rng.uniform(0, np.pi))


def _brightness(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    return image + 255.0 * (0.1, 0.2, 0.3, 0.4, 0.5)[strength - 1]


def _darkness(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    return image * (0.7, 0.5, 0.35, 0.22, 0.12)[strength - 1]


def _over_exposure(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    return image * (1.5, 2.0, 2.75, 4.0, 6.0)[strength - 1]


def _contrast(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    mean = image.mean(axis=(0, 1), keepdims=True)
    changed: NDArray[Any] = (image - mean) * (0.7, 0.5, 0.35, 0.22, 0.12)[strength - 1] + mean
    return changed


def _color_temperature(image: NDArray[Any], strength: int, rng: np.random.Generator
                       ) -> NDArray[Any]:
    warmth = (0.1, 0.2, 0.3, 0.4, 0.5)[strength - 1] * rng.choice([-1, 1])
    result: NDArray[Any] = image * np.array([1 + warmth, 1, 1 - warmth])
    return result


def _jpeg(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    bgr = image if image.ndim == 2 else image[:, :, ::-1]
    quality = (40, 25, 15, 10, 6)[strength - 1]
    decoded = decode_file(cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
    return decoded if image.ndim == 2 else decoded[:, :, ::-1]


def _pixelate(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    height, width = image.shape[:2]
    factor = (0.7, 0.55, 0.4, 0.3, 0.22)[strength - 1]
    small = cv2.resize(image, (max(round(width * factor), 1), max(round(height * factor), 1)),
                       interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


def _fog(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    height, width = image.shape[:2]
    cloud = cv2.resize(rng.random((4, 4)), (width, height), interpolation=cv2.INTER_CUBIC)
    density = np.clip((0.25, 0.4, 0.55, 0.68, 0.8)[strength - 1] + 0.3 * (cloud - 0.5), 0, 1)
    if image.ndim == 3:
        density = density[:, :, None]
    result: NDArray[Any] = image * (1 - density) + 225 * density
    return result


def _occlusion(image: NDArray[Any], strength: int, rng: np.random.Generator) -> NDArray[Any]:
    """Cover part of the image, like dirt on the lens or a branch."""
    height, width = image.shape[:2]
    side = np.sqrt((0.05, 0.1, 0.17, 0.25, 0.35)[strength - 1])
    rows, columns = max(round(height * side), 1), max(round(width * side), 1)
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    covered: NDArray[Any] = image.copy()
    covered[top:top + rows, left:left + columns] = rng.integers(20, 90)
    return covered


CORRUPTIONS: Mapping[str, Corruption] = {
    'gaussian_noise': _gaussian_noise, 'shot_noise': _shot_noise, 'defocus_blur': _defocus_blur,
    'motion_blur': _motion_blur, 'brightness': _brightness, 'darkness': _darkness,
    'contrast': _contrast, 'color_temperature': _color_temperature, 'jpeg': _jpeg,
    'pixelate': _pixelate, 'fog': _fog, 'occlusion': _occlusion,
}
"""Corruptions of the robustness test."""

ALL_CORRUPTIONS: Mapping[str, Corruption] = {**CORRUPTIONS, 'over_exposure': _over_exposure}
"""All corruptions, also those for ambiguous images."""
