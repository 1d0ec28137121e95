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

"""Generated out-of-distribution images: noise, patterns and distorted scenes."""

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Kind = Callable[[NDArray[Any], np.random.Generator], NDArray[Any]]


def outlier_of(scene: NDArray[Any], kind: str, rng: np.random.Generator) -> NDArray[Any]:
    """
    Return an out-of-distribution image of the size of a scene.

    :param scene: (H, W, 3) RGB or (H, W), uint8; the source of some kinds.
    :param kind: a key of ``KINDS``.
    """
    return np.clip(KINDS[kind](scene, rng), 0, 255).astype(np.uint8)


def _channels(scene: NDArray[Any]) -> tuple[int, ...]:
    return scene.shape[2:]


def _color(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    return rng.uniform(0, 255, _channels(scene) or 1)


def _flat(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Return one color with sensor noise: a hand on the lens, fog, glare."""
    color = rng.choice([0, 255]) if rng.random() < 0.3 else _color(scene, rng)
    return color + rng.normal(0, rng.uniform(0, 4), scene.shape)


def _uniform_noise(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    return rng.uniform(0, rng.uniform(20, 255), scene.shape)


def _gaussian_noise(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Return noise around a random brightness; half of the images are dark."""
    mean = rng.uniform(0, 30) if rng.random() < 0.5 else rng.uniform(30, 255)
    return mean + rng.normal(0, rng.uniform(3, 60), scene.shape)


def _grey_noise(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    noise = rng.uniform(0, 255) + rng.normal(0, rng.uniform(3, 60), scene.shape[:2])
    return np.repeat(noise[..., None], 3, axis=2) if scene.ndim == 3 else noise


def _salt_and_pepper(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    draw = rng.random(scene.shape[:2])
    image: NDArray[Any] = np.broadcast_to(_color(scene, rng), scene.shape).copy()
    fraction = rng.uniform(0.1, 0.5)
    image[draw < fraction / 2] = 0
    image[draw > 1 - fraction / 2] = 255
    return image


def _low_frequency(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Return soft clouds of color."""
    cells = int(rng.integers(2, 9))
    clouds = rng.uniform(0, 255, (cells, cells, *_channels(scene)))
    return cv2.resize(clouds, scene.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def _gradient(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    rows, columns = np.indices(scene.shape[:2]) / max(scene.shape[:2])
    angle = rng.uniform(0, 2 * np.pi)
    across = 0.5 + (rows - 0.5) * np.cos(angle) + (columns - 0.5) * np.sin(angle)
    across = across[..., None] if scene.ndim == 3 else across
    result: NDArray[Any] = _color(scene, rng) * across + _color(scene, rng) * (1 - across)
    return result


def _checks(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    rows, columns = np.indices(scene.shape[:2])
    side = max(int(max(scene.shape[:2]) * rng.uniform(0.06, 0.3)), 1)
    return _two_colored(scene, ((rows // side + columns // side) % 2).astype(bool), rng)


def _stripes(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    rows, columns = np.indices(scene.shape[:2]) / max(scene.shape[:2])
    angle, waves = rng.uniform(0, np.pi), rng.uniform(2, 10)
    phase = (rows * np.cos(angle) + columns * np.sin(angle)) * waves
    return _two_colored(scene, phase % 1 < 0.5, rng)


def _two_colored(scene: NDArray[Any], where: NDArray[Any], rng: np.random.Generator
                 ) -> NDArray[Any]:
    mask = where[..., None] if scene.ndim == 3 else where
    return np.where(mask, _color(scene, rng), _color(scene, rng))


def _upside_down(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Rotate the scene by 180 degrees, or flip it vertically."""
    return scene[::-1] if rng.random() < 0.5 else scene[::-1, ::-1]


def _on_its_side(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    turned = np.rot90(scene, int(rng.choice([1, 3])))
    return cv2.resize(np.ascontiguousarray(turned), scene.shape[1::-1])


def _blurred(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Return the scene far out of focus."""
    sigma_px = max(scene.shape[:2]) * rng.uniform(0.08, 0.3)
    return cv2.GaussianBlur(scene, (0, 0), sigma_px)


def _half_missing(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Cover about half of the scene, from one side, with one color."""
    image, fraction = scene.astype(float), rng.uniform(0.35, 0.75)
    turns = int(rng.integers(4))
    side = np.rot90(image, turns)
    fill = float(rng.choice([0, 255])) if rng.random() < 0.5 else _color(scene, rng)
    side[:round(len(side) * fraction)] = fill
    return image


def _noisy(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    return scene + rng.normal(0, rng.uniform(60, 120), scene.shape)


def _shuffled(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Return the scene with its sixteen tiles shuffled."""
    height, width = (max(side // 4, 1) for side in scene.shape[:2])
    image: NDArray[Any] = scene.copy()
    for to, place in enumerate(rng.permutation(16)):
        (row, column), (old_row, old_column) = divmod(to, 4), divmod(int(place), 4)
        image[row * height:(row + 1) * height, column * width:(column + 1) * width] = \
            scene[old_row * height:(old_row + 1) * height,
                  old_column * width:(old_column + 1) * width]
    return image


def _negative(scene: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    return 255 - scene


KINDS: Mapping[str, Kind] = {
    'flat': _flat, 'uniform_noise': _uniform_noise, 'gaussian_noise': _gaussian_noise,
    'grey_noise': _grey_noise, 'salt_and_pepper': _salt_and_pepper,
    'low_frequency': _low_frequency, 'gradient': _gradient, 'checks': _checks,
    'stripes': _stripes, 'upside_down': _upside_down, 'on_its_side': _on_its_side,
    'blurred': _blurred, 'half_missing': _half_missing, 'noisy': _noisy,
    'shuffled': _shuffled, 'negative': _negative,
}
"""Kind of out-of-distribution image -> its generator."""
