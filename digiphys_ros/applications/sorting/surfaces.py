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

"""Synthetic surfaces of parts: brushed metal or ground tile, good or with one of four defects."""

from collections.abc import Callable
import math
from typing import Any

import cv2
from digiphys_ros.errors import UsageError
import numpy as np
from numpy.typing import NDArray

SIDE_PX = 192


def draw_surface(rng: np.random.Generator, defect: str | None = None,
                 side_px: int = SIDE_PX) -> NDArray[Any]:
    """
    Return the surface of one part, seen from the front.

    A good part also has harmless features: grain, slow shading, dust and hairline scratches.

    :param defect: one of ``DEFECTS``, None for a good part.
    :return: (side_px, side_px, 3) uint8, RGB.
    :raises UsageError: for an unknown defect.
    """
    if defect is not None and defect not in _DEFECTS:
        raise UsageError(f'defect "{defect}" is unknown, allowed are {", ".join(DEFECTS)}.')
    gray = _brushed(rng) if rng.random() < 0.5 else _ground(rng)
    gray += _blotches(rng, 3) * rng.uniform(2.0, 7.0)
    _dust(rng, gray)
    if defect is not None:
        _DEFECTS[defect](rng, gray)
    gray += rng.normal(0.0, 1.5, gray.shape)
    _chamfer(gray)
    tint = 1.0 + rng.uniform(-0.03, 0.03, 3)
    image: NDArray[Any] = np.clip(gray[..., None] * tint, 0, 255).astype(np.uint8)
    if side_px != SIDE_PX:
        image = cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return image


def _brushed(rng: np.random.Generator) -> NDArray[Any]:
    """Return brushed metal: streaks along one side."""
    noise = rng.normal(0.0, 1.0, (SIDE_PX, SIDE_PX))
    streaks: NDArray[Any] = cv2.blur(noise, (int(rng.integers(25, 90)), 1))
    streaks += 0.4 * cv2.blur(rng.normal(0.0, 1.0, noise.shape), (9, 1))
    streaks /= streaks.std()
    if rng.random() < 0.5:
        streaks = streaks.T.copy()
    gray: NDArray[Any] = rng.uniform(125, 185) + rng.uniform(4, 9) * streaks
    return gray


def _ground(rng: np.random.Generator) -> NDArray[Any]:
    """Return a ground tile: fine grain on blotches."""
    grain: NDArray[Any] = cv2.GaussianBlur(rng.normal(0.0, 1.0, (SIDE_PX, SIDE_PX)), (0, 0), 1.2)
    grain = grain / grain.std() + 0.7 * _blotches(rng, 24)
    gray: NDArray[Any] = rng.uniform(95, 150) + rng.uniform(4, 9) * grain
    return gray


def _blotches(rng: np.random.Generator, cells: int) -> NDArray[Any]:
    """Return smooth noise of deviation 1 with about ``cells`` blotches per side."""
    coarse = rng.normal(0.0, 1.0, (cells + 1, cells + 1))
    fine = cv2.resize(coarse, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
    blotches: NDArray[Any] = (fine - fine.mean()) / fine.std()
    return blotches


def _dust(rng: np.random.Generator, gray: NDArray[Any]) -> None:
    for x, y in rng.integers(0, SIDE_PX, (int(rng.integers(0, 8)), 2)):
        cv2.circle(gray, (int(x), int(y)), 1, float(gray[y, x] + rng.uniform(-25, 25)), -1)
    for _ in range(int(rng.integers(0, 3))):
        start, angle = rng.uniform(0, SIDE_PX, 2), rng.uniform(0, 2 * math.pi)
        end = start + rng.uniform(15, 50) * np.array([math.cos(angle), math.sin(angle)])
        _stroke(gray, np.stack([start, end]), 1, rng.uniform(-10, 14))


def _chamfer(gray: NDArray[Any]) -> None:
    for depth, change in ((0, -45.0), (1, -35.0), (2, -20.0)):
        border = slice(depth, SIDE_PX - depth)
        for edge in ((depth, border), (-1 - depth, border), (border, depth),
                     (border, -1 - depth)):
            gray[edge] += change


def _stroke(gray: NDArray[Any], points: NDArray[Any], width_px: int, change: float) -> None:
    """Draw a soft line through points, lighter or darker by ``change``."""
    mask: NDArray[Any] = np.zeros(gray.shape, np.uint8)
    cv2.polylines(mask, [np.round(points * 8).astype(np.int32)], False, 255, width_px,
                  cv2.LINE_AA, 3)
    gray += cv2.GaussianBlur(mask, (0, 0), 0.6) / 255.0 * change


def _blowhole(rng: np.random.Generator, gray: NDArray[Any]) -> None:
    """Draw gas bubbles: dark pits with one bright rim."""
    for _ in range(int(rng.integers(1, 4))):
        center = rng.uniform(0.12, 0.88, 2) * SIDE_PX
        radii = rng.uniform(0.028, 0.06, 2) * SIDE_PX
        angle = rng.uniform(0, 180)
        pit, rim = (np.zeros(gray.shape, np.uint8) for _ in range(2))
        for mask, shift, grown in ((rim, 1.5, 1.5), (pit, 0.0, 0.0)):
            cv2.ellipse(mask, ((center + shift).tolist(), (2 * (radii + grown)).tolist(), angle),
                        255, -1, cv2.LINE_AA)
        gray += cv2.subtract(rim, pit) / 255.0 * rng.uniform(20, 45)
        gray -= cv2.GaussianBlur(pit, (0, 0), 1.2) / 255.0 * rng.uniform(50, 90)


def _crack(rng: np.random.Generator, gray: NDArray[Any]) -> None:
    """Draw a dark winding line, sometimes with a branch."""
    start = rng.uniform(0.1, 0.9, 2) * SIDE_PX
    # toward the center, to stay on the part
    aim = rng.uniform(0.35, 0.65, 2) * SIDE_PX - start
    path = _walk(rng, start, math.atan2(aim[1], aim[0]), rng.uniform(0.45, 0.9) * SIDE_PX)
    darkness = -rng.uniform(50, 85)
    _stroke(gray, path, int(rng.integers(2, 5)), darkness)
    if rng.random() < 0.5:
        fork = path[len(path) // 2]
        _stroke(gray, _walk(rng, fork, rng.uniform(0, 2 * math.pi), 0.2 * SIDE_PX), 2, darkness)


def _walk(rng: np.random.Generator, start: NDArray[Any], angle: float, length_px: float
          ) -> NDArray[Any]:
    points, step_px = [start], 6.0
    for _ in range(int(length_px / step_px)):
        angle += rng.normal(0.0, 0.5)
        points.append(points[-1] + step_px * np.array([math.cos(angle), math.sin(angle)]))
    return np.stack(points)


def _fray(rng: np.random.Generator, gray: NDArray[Any]) -> None:
    """Draw a broken edge: a ragged line, dark with bright splinters."""
    low = rng.uniform(0.0, 0.5)
    span = np.linspace(low, low + rng.uniform(0.3, 0.5), 24) * SIDE_PX
    depth = np.abs(rng.normal(0.07, 0.035, 24)) * SIDE_PX + 3
    depth[[0, -1]] = 0
    outline = np.concatenate([np.stack([span, depth], 1), [[span[-1], -4], [span[0], -4]]])
    bite: NDArray[Any] = np.zeros(gray.shape, np.uint8)
    cv2.fillPoly(bite, [np.round(outline).astype(np.int32)], 255, cv2.LINE_AA)
    rough = rng.normal(0.0, 1.0, gray.shape)
    change = bite / 255.0 * (-rng.uniform(45, 80) + 22 * cv2.GaussianBlur(rough, (0, 0), 1.0))
    turns = int(rng.integers(0, 4))
    gray += np.rot90(change, turns)


def _uneven(rng: np.random.Generator, gray: NDArray[Any]) -> None:
    """Draw a large stain, lighter or darker than the rest."""
    center = rng.uniform(0.2, 0.8, 2) * SIDE_PX
    radii = rng.uniform(0.2, 0.38, 2) * SIDE_PX
    stain: NDArray[Any] = np.zeros(gray.shape, np.uint8)
    cv2.ellipse(stain, (center.tolist(), (2 * radii).tolist(), rng.uniform(0, 180)), 255, -1)
    soft = cv2.GaussianBlur(stain, (0, 0), rng.uniform(6, 14)) / 255.0
    sign = 1.0 if rng.random() < 0.4 else -1.0
    gray += soft * sign * rng.uniform(30, 55)


_DEFECTS: dict[str, Callable[[np.random.Generator, NDArray[Any]], None]] = {
    'blowhole': _blowhole, 'crack': _crack, 'fray': _fray, 'uneven': _uneven}

DEFECTS = tuple(_DEFECTS)
"""The defects that a surface may have."""
