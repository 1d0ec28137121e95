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

"""Random changes of a training image: position, light, sharpness, noise and occlusion."""

from functools import partial
from typing import Annotated, Any

import cv2
from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.augment.geometry import transform
from digiphys_ros.learning.augment.registry import AUGMENTATIONS
from digiphys_ros.learning.options import options_model
from digiphys_ros.perception.imagefile import decode_file
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, ValidationError

Fraction = Annotated[float, Field(ge=0, le=1)]
SOMETIMES = 0.5
"""Probability that an image is blurred, motion-blurred or compressed, if the recipe says so."""

STEPS = {
    'move': ('crop', 'scale', 'perspective', 'flip_horizontal', 'flip_vertical'),
    'light': ('brightness', 'exposure', 'contrast', 'color_temperature'),
    'blur': ('blur',), 'motion_blur': ('motion_blur',), 'noise': ('noise',), 'jpeg': ('jpeg',),
    'cutout': ('cutout',)}
"""The built-in augmentations in order, and the recipe fields that each uses."""


class Augmentation(BaseModel):
    """
    How far an image may be changed; all are 0 or off by default.

    :ivar crop: shift in each direction, as a fraction of the size; the edge is mirrored.
    :ivar scale: relative change of size.
    :ivar perspective: movement of each corner, as a fraction of the size.
    :ivar flip_horizontal: mirror every second image; only where labels allow (no arrows, no text).
    :ivar brightness: change of all pixels, as a fraction of white.
    :ivar exposure: all pixels are multiplied by up to 1 + exposure, or divided by it; white clips.
    :ivar contrast: relative change of the distance from middle gray.
    :ivar color_temperature: relative change of red against blue.
    :ivar blur: highest standard deviation of a Gaussian [pixels].
    :ivar motion_blur: longest movement of a pixel during exposure [pixels].
    :ivar noise: highest standard deviation, as a fraction of white.
    :ivar jpeg: lowest quality, 1 to 100; 0 is off.
    :ivar cutout: side of a square that is covered, as a fraction of the image (DeVries & Taylor,
        2017).
    :ivar mixup: alpha of the Beta distribution with which two images are blended (Zhang et al.,
        2018).
    :ivar others: augmentations of other packages: name -> options. They run last.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    crop: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    scale: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    perspective: Annotated[float, Field(ge=0, le=0.4)] = 0.0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    brightness: Fraction = 0.0
    exposure: Annotated[float, Field(ge=0, le=9)] = 0.0
    contrast: Fraction = 0.0
    color_temperature: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    blur: Annotated[float, Field(ge=0, le=20)] = 0.0
    motion_blur: Annotated[float, Field(ge=0, le=50)] = 0.0
    noise: Fraction = 0.0
    jpeg: Annotated[int, Field(ge=0, le=100)] = 0
    cutout: Fraction = 0.0
    mixup: Annotated[float, Field(ge=0, le=10)] = 0.0
    others: dict[str, dict[str, Any]] = {}

    @field_validator('others')
    @classmethod
    def _fit(cls, others: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {name: _check_options(name, options) for name, options in others.items()}

    @property
    def changes_images(self) -> bool:
        """Return whether single images are changed; mixup acts on batches."""
        return any(value for name, value in self if name != 'mixup')


def _check_options(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of an augmentation of another package, with its defaults."""
    if name in STEPS:
        raise ValueError(f'"{name}" is built in: set its fields in `augment` itself')
    try:
        return options_model(name, AUGMENTATIONS[name]).model_validate(options).model_dump()
    except ConfigError as error:
        raise ValueError(str(error).rstrip('.')) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f'{name}: option `{".".join(map(str, first["loc"]))}`: {first["msg"]}'
                         ) from error


class Augmenter:
    """Callable that changes images at random within an Augmentation."""

    def __init__(self, spec: Augmentation) -> None:
        own = {name: {field: getattr(spec, field) for field in fields}
               for name, fields in STEPS.items()}
        self._steps = [partial(AUGMENTATIONS[name], **options)
                       for name, options in own.items() if any(options.values())]
        self._steps += [partial(AUGMENTATIONS[name], **options)
                        for name, options in spec.others.items()]

    def __call__(self, image: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """
        Return a changed copy; the same generator gives the same change.

        :param image: (H, W, 3) RGB or (H, W), uint8.
        """
        for step in self._steps:
            image = step(image, rng)
        return image


def move(image: NDArray[Any], rng: np.random.Generator, *, crop: float, scale: float,
         perspective: float, flip_horizontal: bool, flip_vertical: bool) -> NDArray[Any]:
    """Shift, scale, warp or mirror an image."""
    return transform(image, rng, crop=crop, scale=scale, perspective=perspective,
                     horizontal=flip_horizontal, vertical=flip_vertical)


def light(image: NDArray[Any], rng: np.random.Generator, *, brightness: float, exposure: float,
          contrast: float, color_temperature: float) -> NDArray[Any]:
    """Change light and color of an image."""
    factor = 1 + rng.uniform(-contrast, contrast)
    offset = 255 * rng.uniform(-brightness, brightness)
    warmth = rng.uniform(-color_temperature, color_temperature)
    gain = np.exp(rng.uniform(-1, 1) * np.log1p(exposure)) if exposure else 1.0
    lit = (image.astype(np.float32) * gain - 128) * factor + 128 + offset
    if image.ndim == 3:
        lit *= np.array([1 + warmth, 1, 1 - warmth], np.float32)
    return np.clip(lit, 0, 255).astype(np.uint8)


def blur(image: NDArray[Any], rng: np.random.Generator, *, blur: float) -> NDArray[Any]:
    """Blur about half of the images."""
    if rng.random() >= SOMETIMES:
        return image
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.05, 1) * blur)


def motion_blur(image: NDArray[Any], rng: np.random.Generator, *, motion_blur: float
                ) -> NDArray[Any]:
    """Add motion blur to about half of the images."""
    if rng.random() >= SOMETIMES:
        return image
    return apply_motion_blur(image, rng.uniform(0, motion_blur), rng.uniform(0, np.pi))


def noise(image: NDArray[Any], rng: np.random.Generator, *, noise: float) -> NDArray[Any]:
    """Add noise to an image."""
    added = rng.normal(0, 255 * rng.uniform(0, noise), image.shape)
    return np.clip(image + added, 0, 255).astype(np.uint8)


def jpeg(image: NDArray[Any], rng: np.random.Generator, *, jpeg: int) -> NDArray[Any]:
    """Compress about half of the images as JPEG."""
    if rng.random() >= SOMETIMES:
        return image
    return _compress(image, int(rng.integers(jpeg, 96)) if jpeg < 96 else jpeg)


def cutout(image: NDArray[Any], rng: np.random.Generator, *, cutout: float) -> NDArray[Any]:
    """Cover a random square of an image."""
    height, width = image.shape[:2]
    half = max(round(cutout * min(height, width) / 2), 1)
    row, column = int(rng.integers(height)), int(rng.integers(width))
    covered: NDArray[Any] = image.copy()
    covered[max(row - half, 0):row + half, max(column - half, 0):column + half] = \
        rng.integers(0, 256, image.shape[2:])
    return covered


def apply_motion_blur(image: NDArray[Any], length_px: float, angle_rad: float) -> NDArray[Any]:
    """Return the image as seen by a camera that moved by ``length_px`` during exposure."""
    size = 2 * int(np.ceil(length_px / 2)) + 1
    if size < 3:
        return image
    kernel = np.zeros((size, size), np.float32)
    center = size // 2
    half = np.array([np.cos(angle_rad), np.sin(angle_rad)]) * length_px / 2
    start, end = np.rint(center - half).astype(int), np.rint(center + half).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)


def mix(tensors: NDArray[Any], targets: NDArray[Any], alpha: float, rng: np.random.Generator
        ) -> tuple[NDArray[Any], NDArray[Any]]:
    """
    Blend a batch with itself in another order, images and targets alike.

    :param tensors: (N, ...) float32.
    :param targets: (N, classes) float32.
    :param alpha: of the Beta distribution.
    """
    weight = np.float32(rng.beta(alpha, alpha))
    order = rng.permutation(len(tensors))
    return (weight * tensors + (1 - weight) * tensors[order],
            weight * targets + (1 - weight) * targets[order])


def _compress(image: NDArray[Any], quality: int) -> NDArray[Any]:
    # JPEG weights the channels, so their order matters
    bgr = image if image.ndim == 2 else image[:, :, ::-1]
    data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded: NDArray[Any] = decode_file(data)
    return decoded if image.ndim == 2 else np.ascontiguousarray(decoded[:, :, ::-1])
