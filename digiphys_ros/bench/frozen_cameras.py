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

"""Frozen cameras: each kind repeats frames, with small changes."""

from collections import deque
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

Pixels = np.ndarray[Any, Any]
Blind = Callable[[Pixels], Pixels]
"""Maps the live frame, (H, W, 3) uint8, to the frame of the blind camera."""

Make = Callable[[np.random.Generator], Blind]


def clip(pixels: Pixels) -> Pixels:
    return np.clip(pixels, 0, 255).astype(np.uint8)


def freeze(change: Callable[[Pixels, Pixels, np.random.Generator], Pixels]) -> Make:
    """Repeat the first frame, changed by ``change(first, live, rng)``."""
    def make(rng: np.random.Generator) -> Blind:
        kept: list[Pixels] = []

        def see(frame: Pixels) -> Pixels:
            if not kept:
                kept.append(frame.copy())
            return change(kept[0].copy(), frame, rng)
        return see
    return make


def overlay(fraction: float) -> Make:
    """Lay noise over the top of a still image."""
    def change(frame: Pixels, _live: Pixels, rng: np.random.Generator) -> Pixels:
        top = frame[:int(fraction * len(frame))]
        top[:] = rng.integers(0, 256, top.shape)
        return frame
    return freeze(change)


def keep_part_live(frame: Pixels, live: Pixels, _rng: np.random.Generator) -> Pixels:
    width = int(0.3 * frame.shape[1])
    frame[:, :width] = live[:, :width]
    return frame


def flicker(frame: Pixels, _live: Pixels, rng: np.random.Generator) -> Pixels:
    return clip(frame.astype(int) + int(rng.integers(-12, 13)))


def shake(frame: Pixels, _live: Pixels, rng: np.random.Generator) -> Pixels:
    return np.roll(frame, rng.integers(-3, 4, 2), (0, 1))


def reencode(suffix: str, option: int) -> Make:
    """Encode a still image at random qualities, as rate control does."""
    return freeze(lambda frame, _live, rng: _encode(
        frame, suffix, option, int(rng.integers(60, 96))))


def ring(period: int, change: Callable[[Pixels, int], Pixels] = lambda frame, _index: frame
         ) -> Make:
    """Repeat the first frames, each changed by ``change(frame, index)``."""
    def make(_rng: np.random.Generator) -> Blind:
        buffers: list[Pixels] = []
        count = [-1]

        def see(frame: Pixels) -> Pixels:
            count[0] += 1
            if len(buffers) < period:
                buffers.append(frame.copy())
            return change(buffers[count[0] % period].copy(), count[0])
        return see
    return make


def flip_bit(frame: Pixels, index: int) -> Pixels:
    frame[frame.shape[0] // 2, index % frame.shape[1], 0] ^= 1
    return frame


def draw_clock(frame: Pixels, index: int) -> Pixels:
    scale = frame.shape[1] / 640
    cv2.putText(frame, f'{index / 30:08.3f}', (2, int(30 * scale) + 6), cv2.FONT_HERSHEY_SIMPLEX,
                max(scale, 0.4), (255, 255, 255), 1)
    return frame


def jpeg(frame: Pixels, quality: int) -> Pixels:
    return _encode(frame, '.jpg', cv2.IMWRITE_JPEG_QUALITY, quality)


def _encode(frame: Pixels, suffix: str, option: int, quality: int) -> Pixels:
    _, data = cv2.imencode(suffix, frame, [option, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


def jpeg_clock(frame: Pixels, index: int) -> Pixels:
    return jpeg(draw_clock(frame, index), 85)


def jpeg_cycle(frame: Pixels, index: int) -> Pixels:
    return jpeg(frame, (95, 90, 85, 80)[index % 4])


def jpeg_generations(_rng: np.random.Generator) -> Blind:
    """Encode the last decoded image again, as repeated re-encoding does."""
    last: deque[Pixels] = deque(maxlen=1)

    def see(frame: Pixels) -> Pixels:
        last.append(jpeg(last[0] if last else frame, 85))
        return last[0]
    return see


FROZEN: dict[str, Make] = {
    'frozen': ring(1),
    'ring of 2': ring(2),
    'ring of 3': ring(3),
    'ring of 4': ring(4),
    'ring of 8': ring(8),
    'frozen, one bit flips': ring(1, flip_bit),
    'frozen, a clock runs': ring(1, draw_clock),
    'ring of 4, one bit flips': ring(4, flip_bit),
    'frozen, a clock in JPEG': ring(1, jpeg_clock),
    'frozen, JPEG qualities cycle': ring(1, jpeg_cycle),
    'frozen, JPEG of JPEG': jpeg_generations,
    'frozen, overlay of 12 %': overlay(0.125),
    'frozen, overlay of 25 %': overlay(0.25),
    'frozen, 30 % live': freeze(keep_part_live),
    'frozen, light flickers': freeze(flicker),
}
"""Name -> factory of a frozen camera."""

RANDOM: dict[str, Make] = {
    'frozen, random JPEG quality': reencode('.jpg', cv2.IMWRITE_JPEG_QUALITY),
    'frozen, random WebP quality': reencode('.webp', cv2.IMWRITE_WEBP_QUALITY),
    'frozen, shakes by 3 pixels': freeze(shake),
    'ring of 16': ring(16),
}
"""Frozen cameras whose frames repeat at random or late: detection takes up to twice as long."""
