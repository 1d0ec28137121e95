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
Blind cameras: each kind maps a live frame to the frame that the blind camera sends.

Not included, as no measurement on a single image separates them from a scene: a camera upside
down or on its side, a negative, a photograph held in front of the lens, and a sharp scene that is
unrelated to the task. The model has to handle those.
"""

from collections.abc import Callable, Iterator
from itertools import count

import cv2
from digiphys_ros.bench.frozen_cameras import Blind, clip, FROZEN, Make, Pixels
import numpy as np


def add_noise(pixels: Pixels, rng: np.random.Generator, sigma: float) -> Pixels:
    noise = np.empty(pixels.shape, np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    # a scalar is the deviation of the first channel only
    cv2.randn(noise, np.zeros(3), np.full(3, sigma))
    return clip(pixels + noise)


def even(color: tuple[int, int, int], sigma: float = 0.0) -> Make:
    return pattern(lambda height, width: np.full((height, width, 3), color, np.uint8), sigma)


def hand(sigma: float) -> Make:
    """Cover the lens with a hand: warm light, darker to one side, with noise."""
    def make(rng: np.random.Generator) -> Blind:
        def see(frame: Pixels) -> Pixels:
            height, width = frame.shape[:2]
            y, x = np.mgrid[0:1:height * 1j, 0:1:width * 1j]
            glow = np.exp(-((x - 0.6) ** 2 + (y - 0.4) ** 2) * 3)[..., None]
            return add_noise(glow * np.array([70, 22, 12]) + 12, rng, sigma)
        return see
    return make


def cloth(rng: np.random.Generator) -> Blind:
    """Cover the lens with cloth: a weave out of focus, evenly dim."""
    def see(frame: Pixels) -> Pixels:
        width = frame.shape[1]
        x = np.arange(width) * 12.0 / width
        weave = 60 + 5 * np.sin(x)[None, :, None]
        return add_noise(np.broadcast_to(weave, frame.shape), rng, 3)
    return see


def blur(fraction: float, sigma: float = 0.0) -> Make:
    """Defocus by a fraction of the width; sensor noise is added after the blur."""
    def make(rng: np.random.Generator) -> Blind:
        def see(frame: Pixels) -> Pixels:
            soft = cv2.GaussianBlur(frame, (0, 0), fraction * frame.shape[1])
            return add_noise(soft, rng, sigma) if sigma else soft
        return see
    return make


def smear(rng: np.random.Generator) -> Blind:
    """Grease on the lens: strong blur in both directions and less contrast."""
    def see(frame: Pixels) -> Pixels:
        length = max(frame.shape[1] // 6, 3)
        soft = cv2.blur(cv2.blur(frame, (length, 1)), (1, length // 2))
        return add_noise(soft * 0.6 + 60, rng, 1)
    return see


def fog(rng: np.random.Generator) -> Blind:
    """Fog on the lens: a bright veil over a soft image."""
    def see(frame: Pixels) -> Pixels:
        soft = cv2.GaussianBlur(frame, (0, 0), 0.02 * frame.shape[1])
        return add_noise(soft * 0.2 + 190, rng, 1)
    return see


def drops(rng: np.random.Generator) -> Blind:
    """Water on the whole lens: the image is distorted and soft."""
    def see(frame: Pixels) -> Pixels:
        height, width = frame.shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        bend = width / 20
        bent = cv2.remap(frame, x + bend * np.sin(y / bend), y + bend * np.cos(x / bend),
                         cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return add_noise(cv2.GaussianBlur(bent, (0, 0), 0.035 * width), rng, 1)
    return see


def missing(where: tuple[slice, slice], value: int = 0, sigma: float = 0.0) -> Make:
    """Cover half of the image; slices count in halves."""
    def make(rng: np.random.Generator) -> Blind:
        def see(frame: Pixels) -> Pixels:
            height, width = frame.shape[:2]
            rows, columns = (
                _scale(one, size // 2) for one, size in zip(where, (height, width), strict=True))
            broken: Pixels = frame.copy()
            half = np.full_like(broken[rows, columns], value)
            broken[rows, columns] = add_noise(half, rng, sigma) if sigma else half
            return broken
        return see
    return make


def _scale(halves: slice, half: int) -> slice:
    return slice(*(None if one is None else one * half for one in (halves.start, halves.stop)))


TOP, BOTTOM, ALL = slice(None, 1), slice(1, None), slice(None)


def dead_lines(axis: int) -> Make:
    """Set every second row or column to 0."""
    def make(_rng: np.random.Generator) -> Blind:
        def see(frame: Pixels) -> Pixels:
            broken: Pixels = frame.copy()
            broken[(slice(None),) * axis + (slice(None, None, 2),)] = 0
            return broken
        return see
    return make


def uniform_noise(rng: np.random.Generator) -> Blind:
    return lambda frame: rng.integers(0, 256, frame.shape, np.uint8)


def salt_and_pepper(rng: np.random.Generator) -> Blind:
    def see(frame: Pixels) -> Pixels:
        chance = rng.random(frame.shape[:2])
        broken: Pixels = frame.copy()
        broken[chance < 0.3], broken[chance > 0.7] = 0, 255
        return broken
    return see


def white_out(rng: np.random.Generator) -> Blind:
    return lambda frame: add_noise(frame * 0.2 + 250, rng, 2)


def pattern(draw: Callable[[int, int], Pixels], sigma: float = 0.0) -> Make:
    """Show the test pattern of a camera chip, with or without sensor noise."""
    def make(rng: np.random.Generator) -> Blind:
        def see(frame: Pixels) -> Pixels:
            drawn = np.ascontiguousarray(draw(*frame.shape[:2]))
            return add_noise(drawn, rng, sigma) if sigma else drawn
        return see
    return make


def one_line(axis: int) -> Make:
    """Repeat one row or column of the sensor."""
    def make(rng: np.random.Generator) -> Blind:
        def see(frame: Pixels) -> Pixels:
            line = frame.take([frame.shape[axis] // 2], axis)
            return add_noise(np.broadcast_to(line, frame.shape), rng, 1)
        return see
    return make


def shifted_lines(axis: int) -> Make:
    """Shift each row or column at random: the synchronization is lost."""
    def make(rng: np.random.Generator) -> Blind:
        def see(frame: Pixels) -> Pixels:
            lines = frame if axis == 0 else frame.swapaxes(0, 1)
            reach = lines.shape[1] // 3
            shifted = np.stack([np.roll(line, int(rng.integers(-reach, reach)), 0)
                                for line in lines])
            return shifted if axis == 0 else np.ascontiguousarray(shifted.swapaxes(0, 1))
        return see
    return make


def color_bars(height: int, width: int) -> Pixels:
    colors = np.array([[255, 255, 255], [255, 255, 0], [0, 255, 255], [0, 255, 0],
                       [255, 0, 255], [255, 0, 0], [0, 0, 255], [0, 0, 0]], np.uint8)
    row = colors[np.arange(width) * 8 // width]
    return np.broadcast_to(row, (height, width, 3))


def checkers(height: int, width: int) -> Pixels:
    y, x = np.mgrid[0:height, 0:width]
    return np.repeat(np.uint8(((y // 16 + x // 16) % 2) * 255)[..., None], 3, axis=2)


def gradient(height: int, width: int) -> Pixels:
    row = np.uint8(np.arange(width) * 255 // max(width - 1, 1))
    return np.broadcast_to(row[None, :, None], (height, width, 3))


def jpeg_garbage(rng: np.random.Generator) -> Blind:
    """Damage the stream: blocks of 8x8 pixels with unrelated values."""
    def see(frame: Pixels) -> Pixels:
        height, width = frame.shape[:2]
        grid = rng.integers(0, 256, (-(-height // 8), -(-width // 8), 3), np.uint8)
        big = cv2.resize(grid, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
        result: Pixels = big[:height, :width].copy()
        return result
    return see


KINDS: dict[str, Make] = {
    'black': even((0, 0, 0)),
    'white': even((255, 255, 255)),
    'gray': even((128, 128, 128)),
    'gray with noise': even((128, 128, 128), 4),
    'dark noise of mean 6': even((6, 6, 6), 3),
    'dark noise of mean 12': even((12, 12, 12), 6),
    'only red': even((255, 0, 0)),
    'only green': even((0, 255, 0)),
    'only blue with noise': even((0, 0, 200), 3),
    'hand': hand(4),
    'hand with noise 8': hand(8),
    'hand with noise 20': hand(20),
    'cloth': cloth,
    'defocus 2.5 %': blur(0.025),
    'defocus 4 %': blur(0.04),
    'defocus 8 %': blur(0.08),
    'defocus 4 % with noise': blur(0.04, 1.0),
    'defocus 8 % with noise': blur(0.08, 2.0),
    'defocus 4 % with noise 4': blur(0.04, 4.0),
    'defocus 8 % with noise 8': blur(0.08, 8.0),
    'grease': smear,
    'fog': fog,
    'water drops': drops,
    'white-out': white_out,
    'left half black': missing((ALL, TOP)),
    'right half black': missing((ALL, BOTTOM)),
    'top half black': missing((TOP, ALL)),
    'bottom half black': missing((BOTTOM, ALL)),
    'bottom half gray': missing((BOTTOM, ALL), 128),
    'left half white': missing((ALL, TOP), 255),
    'left half dark with noise 2': missing((ALL, TOP), 15, 2),
    'left half dark with noise 4': missing((ALL, TOP), 15, 4),
    'top half bright with noise 2': missing((TOP, ALL), 220, 2),
    'bottom half gray with noise 2': missing((BOTTOM, ALL), 128, 2),
    'dead rows': dead_lines(0),
    'dead columns': dead_lines(1),
    'random noise': uniform_noise,
    'salt and pepper': salt_and_pepper,
    'JPEG garbage': jpeg_garbage,
    'color bars': pattern(color_bars),
    'checkerboard': pattern(checkers),
    'gradient': pattern(gradient),
    'color bars with noise': pattern(color_bars, 1),
    'checkerboard with noise': pattern(checkers, 1),
    'gradient with noise': pattern(gradient, 1),
    'one row': one_line(0),
    'one column': one_line(1),
    'shifted rows': shifted_lines(0),
    'shifted columns': shifted_lines(1),
} | FROZEN
"""Name -> factory of a blind camera."""


def growing_fog(frames: int) -> Make:
    """Increase fog until 5 % of the contrast is left."""
    def make(rng: np.random.Generator) -> Blind:
        amounts = _amounts(frames)
        return lambda frame: add_noise(frame + 0.95 * next(amounts) * (230.0 - frame), rng, 1)
    return make


def growing_blur(frames: int) -> Make:
    """Increase blur up to 5 % of the width."""
    def make(rng: np.random.Generator) -> Blind:
        amounts = _amounts(frames)
        return lambda frame: add_noise(cv2.GaussianBlur(
            frame, (0, 0), 0.05 * frame.shape[1] * next(amounts)), rng, 1)
    return make


def _amounts(frames: int) -> Iterator[float]:
    """Yield amounts that rise to 1 within ``frames``, then 1."""
    return (min((index + 1) / frames, 1.0) for index in count())


SLOW: dict[str, Make] = {f'{name} within {frames} frames': make(frames)
                         for name, make in (('fog', growing_fog), ('blur', growing_blur))
                         for frames in (100, 400, 1200)}
"""Faults that grow slowly: they must be detected before the end."""
