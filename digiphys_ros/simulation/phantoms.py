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

"""Drawn chest X-rays: phantoms, for a triage line without a patient's images."""

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
    brightness, contrast = rng.uniform(-14, 14), rng.uniform(0.85, 1.15)
    picture: NDArray[Any] = np.full((SIDE_PX, SIDE_PX), 75.0)
    _shape(picture, [(0.0, 0.5, 1.0, 1.55, 0.0)], 138, 12)
    _shape(picture, [(0.0, -1.0, 0.3, 0.36, 0.0)], 215, 8)
    width, height = rng.uniform(0.26, 0.34), rng.uniform(0.66, 0.78)
    lungs = [(side * rng.uniform(0.46, 0.52), rng.uniform(0.0, 0.1), width, height,
              -side * rng.uniform(12, 19)) for side in (-1, 1)]
    inside = np.zeros_like(picture)
    # the bright wall of the chest around dark lungs
    _shape(picture, [(x, y, w + 0.12, h + 0.1, tilt) for x, y, w, h, tilt in lungs], 178, 3)
    _shape(inside, lungs, 1.0, 2.5)
    picture -= inside * rng.uniform(80, 105)
    _ribs(picture, inside)
    if label == 'pneumonia':
        picture += inside * _clouds(rng)
    _shape(picture, [(0.02, 0.0, 0.13, 1.3, 0.0)], 192, 4)
    _shape(picture, [(0.14, 0.3, rng.uniform(0.22, 0.3), 0.34, -20.0)], 188, 5)
    top = rng.uniform(0.86, 1.0)
    _shape(picture, [(side * 0.42, top + 0.05 * side, 0.58, 0.42, 0.0) for side in (-1, 1)], 205,
           3)
    picture = (picture - 128) * contrast + 128 + brightness
    picture += 6 * cv2.GaussianBlur(rng.normal(0, 1, picture.shape), (0, 0), 0.8)
    # vessels and bones, without drawing each
    picture += 110 * cv2.GaussianBlur(rng.normal(0, 1, picture.shape), (0, 0), 4)
    return _posed(rng, np.clip(picture, 0, 255).astype(np.uint8))


def _shape(picture: NDArray[Any], ellipses: list[tuple[float, float, float, float, float]],
           value: float, softness_px: float) -> None:
    """
    Lay ellipses over the picture, with soft edges.

    :param ellipses: x, y and half axes, from -1 to 1, and how far each is turned [degrees].
    """
    mask: NDArray[Any] = np.zeros(picture.shape, np.uint8)
    half = SIDE_PX / 2
    for x, y, width, height, tilt in ellipses:
        centre, size = (half * (1 + x), half * (1 + y)), (2 * half * width, 2 * half * height)
        cv2.ellipse(mask, (centre, size, tilt), 255, -1)
    share = cv2.GaussianBlur(mask, (0, 0), softness_px) / 255.0
    picture[:] = picture * (1 - share) + value * share


def _ribs(picture: NDArray[Any], inside: NDArray[Any]) -> None:
    ribs: NDArray[Any] = np.zeros(picture.shape, np.uint8)
    for row in range(8):
        for side in (-1, 1):
            centre = (round(SIDE_PX / 2 * (1 + side * 0.42)), round(SIDE_PX * (0.2 + 0.09 * row)))
            cv2.ellipse(ribs, centre, (round(0.21 * SIDE_PX), round(0.09 * SIDE_PX)), side * 18,
                        190, 350, 255, 4, cv2.LINE_AA)
    picture += cv2.GaussianBlur(ribs, (0, 0), 1.5) / 255.0 * (10 + 30 * inside)


def _clouds(rng: np.random.Generator) -> NDArray[Any]:
    """Return how much brighter clouded lungs are: a haze, and patches in one or both."""
    clouds = np.full((SIDE_PX, SIDE_PX), rng.uniform(8, 28))
    patches: NDArray[Any] = np.zeros(clouds.shape, np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        x = rng.choice([-1, 1]) * rng.uniform(0.3, 0.6)
        y, radius = rng.uniform(-0.2, 0.6), rng.uniform(0.1, 0.3)
        centre = (round(SIDE_PX / 2 * (1 + x)), round(SIDE_PX / 2 * (1 + y)))
        cv2.circle(patches, centre, round(SIDE_PX / 2 * radius), 255, -1)
    noise = cv2.GaussianBlur(rng.normal(0, 1, clouds.shape), (0, 0), 9)
    soft: NDArray[Any] = cv2.GaussianBlur(patches, (0, 0), 10) / 255.0
    result: NDArray[Any] = clouds + soft * (rng.uniform(35, 70) + 60 * noise)
    return result


def _posed(rng: np.random.Generator, picture: NDArray[Any]) -> NDArray[Any]:
    """Turn, shift and scale as one patient stands before the plate unlike another."""
    matrix: NDArray[Any] = cv2.getRotationMatrix2D(
        (SIDE_PX / 2, SIDE_PX / 2), math.degrees(rng.normal(0, 0.03)), rng.uniform(1.0, 1.2))
    matrix[:, 2] += rng.uniform(-8, 8, 2)
    return cv2.warpAffine(picture, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)
