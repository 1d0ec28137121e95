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

"""
Synthetic chest X-rays (phantoms), for triage without patient images.

Proportions and gray levels are tuned so that the bundle chest_xray classifies a clear chest as
normal. Answers on phantoms show that the pipeline works, not how accurate it is on patients.
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE_PX = 224
LABELS = ('normal', 'pneumonia')


def draw_phantom(rng: np.random.Generator, label: str) -> NDArray[Any]:
    """
    Return a phantom of a frontal chest X-ray.

    :param label: ``normal``, or ``pneumonia`` with clouded lungs.
    :return: (SIDE_PX, SIDE_PX) uint8.
    """
    image: NDArray[Any] = np.full((SIDE_PX, SIDE_PX), rng.uniform(32, 42))
    # trunk and neck on a dark background
    _shape(image, [(0.0, 0.89, 0.93, 1.5, 0.0)], rng.uniform(138, 152), 6)
    _shape(image, [(0.0, -1.0, 0.29, 0.6, 0.0)], 142, 8)
    lungs = _lungs(rng)
    inside = np.zeros_like(image)
    # the bright wall of the chest around dark lungs
    _shape(image, [(x, y, w + 0.16, h + 0.16, tilt) for x, y, w, h, tilt in lungs], 171, 5)
    _shape(inside, lungs, 1.0, 3.3)
    image -= inside * rng.uniform(98, 124)
    _ribs(image, inside)
    _vessels(image, inside)
    if label == 'pneumonia':
        image += inside * _clouds(rng)
    # the spine has less contrast between clouded lungs
    _shape(image, [(0.02, 0.0, 0.1, 1.3, 0.0)], 235 if label == 'normal' else 165, 5)
    _shape(image, [(0.18, 0.29, rng.uniform(0.18, 0.21), 0.34, -20.0)], 150, 6)
    top = rng.uniform(0.83, 0.91)
    _shape(image, [(side * 0.42, top + 0.05 * side, 0.58, 0.5, 0.0) for side in (-1, 1)], 157,
           4)
    return _apply_pose(rng, np.clip(_expose(rng, image, label), 0, 255).astype(np.uint8))


def _lungs(rng: np.random.Generator) -> list[tuple[float, float, float, float, float]]:
    width, height = rng.uniform(0.32, 0.385), rng.uniform(0.565, 0.635)
    return [(side * rng.uniform(0.44, 0.48), rng.uniform(-0.075, 0.005), width, height,
             -side * rng.uniform(16.5, 24.5)) for side in (-1, 1)]


def _vessels(image: NDArray[Any], inside: NDArray[Any]) -> None:
    """Brighten the lungs toward the center, where the vessels enter."""
    roots = np.zeros_like(image)
    _shape(roots, [(side * 0.28, 0.02, 0.16, 0.3, 0.0) for side in (-1, 1)], 1.0, 25)
    image += 45 * roots * inside


def _expose(rng: np.random.Generator, image: NDArray[Any], label: str) -> NDArray[Any]:
    """Return the image with grain; clouded lungs reduce its contrast."""
    image = image + 4 * cv2.GaussianBlur(rng.normal(0, 1, image.shape), (0, 0), 0.8)
    # texture of vessels and bones
    image += 13 * cv2.GaussianBlur(rng.normal(0, 1, image.shape), (0, 0), 3)
    image -= 10 * np.linspace(-1, 1, SIDE_PX)[:, None]
    contrast = rng.uniform(0.92, 1.08)
    if label == 'pneumonia':
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(3, 6))
        contrast *= rng.uniform(0.65, 0.85)
    exposed: NDArray[Any] = (image - 140) * contrast + 140 + rng.uniform(-8, 8)
    return exposed


def _shape(image: NDArray[Any], ellipses: list[tuple[float, float, float, float, float]],
           value: float, softness_px: float) -> None:
    """
    Draw ellipses with soft edges into the image.

    :param ellipses: x, y and half axes, from -1 to 1, and rotation [degrees].
    """
    mask: NDArray[Any] = np.zeros(image.shape, np.uint8)
    half = SIDE_PX / 2
    for x, y, width, height, tilt in ellipses:
        center, size = (half * (1 + x), half * (1 + y)), (2 * half * width, 2 * half * height)
        cv2.ellipse(mask, (center, size, tilt), 255, -1)
    alpha = cv2.GaussianBlur(mask, (0, 0), softness_px) / 255.0
    image[:] = image * (1 - alpha) + value * alpha


def _ribs(image: NDArray[Any], inside: NDArray[Any]) -> None:
    ribs: NDArray[Any] = np.zeros(image.shape, np.uint8)
    for row in range(8):
        for side in (-1, 1):
            center = (round(SIDE_PX / 2 * (1 + side * 0.42)), round(SIDE_PX * (0.2 + 0.09 * row)))
            cv2.ellipse(ribs, center, (round(0.21 * SIDE_PX), round(0.09 * SIDE_PX)), side * 18,
                        190, 350, 255, 4, cv2.LINE_AA)
    image += cv2.GaussianBlur(ribs, (0, 0), 1.5) / 255.0 * 29 * (0.3 + 0.7 * inside)


def _clouds(rng: np.random.Generator) -> NDArray[Any]:
    """Return the additional brightness of clouded lungs: haze, and patches in one or both."""
    clouds = np.full((SIDE_PX, SIDE_PX), rng.uniform(35, 65))
    patches: NDArray[Any] = np.zeros(clouds.shape, np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        x = rng.choice([-1, 1]) * rng.uniform(0.3, 0.6)
        y, radius = rng.uniform(-0.2, 0.6), rng.uniform(0.1, 0.3)
        center = (round(SIDE_PX / 2 * (1 + x)), round(SIDE_PX / 2 * (1 + y)))
        cv2.circle(patches, center, round(SIDE_PX / 2 * radius), 255, -1)
    noise = cv2.GaussianBlur(rng.normal(0, 1, clouds.shape), (0, 0), 9)
    soft: NDArray[Any] = cv2.GaussianBlur(patches, (0, 0), 10) / 255.0
    result: NDArray[Any] = clouds + soft * (rng.uniform(35, 70) + 60 * noise)
    return result


def _apply_pose(rng: np.random.Generator, image: NDArray[Any]) -> NDArray[Any]:
    """Rotate, shift and scale, as poses of patients differ."""
    matrix: NDArray[Any] = cv2.getRotationMatrix2D(
        (SIDE_PX / 2, SIDE_PX / 2), math.degrees(rng.normal(0, 0.03)), rng.uniform(1.0, 1.2))
    matrix[:, 2] += rng.uniform(-8, 8, 2)
    return cv2.warpAffine(image, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
