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
Render the images of the documentation with the embedded simulator.

Usage: make_images.py [NAME ...]. NAME is demo or an application; the default is all. Images are
written to docs/images as WebP. On a machine without a display set MUJOCO_GL=egl.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
import math
from pathlib import Path
import sys
from typing import Any

from digiphys_ros.applications import APPLICATIONS, DEFAULT, find_application, make_application
from digiphys_ros.errors import DigiphysError
from digiphys_ros.simulation.loop import FrameRecord, make_pipeline, run_loop
from digiphys_ros.simulation.scenarios.faults import CameraFault
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

IMAGES = Path(__file__).resolve().parent.parent / 'docs' / 'images'
FONTS = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'

DEMO_SEED = 2
DEMO_S = 34.0
BLACK_S = (9.0, 11.5)
"""The lens is covered between these times, so that the gate stops the robot."""
STRIDE = 3
FRAME_MS = 100
WIDTH_PX, HEIGHT_PX, PANEL_PX = 432, 324, 288

STILL_PX = 640
STILL_S = 8.2
STILLS_S = {'traffic_signs': 7.0, 'traffic_lights': 130.0, 'triage': 3.0}
"""Time of an application's image; the default is STILL_S."""

BACK, INK, FAINT = (24, 28, 36), (236, 239, 244), (130, 138, 150)
BLUE, GREEN, RED, AMBER = (94, 156, 255), (88, 204, 120), (255, 98, 92), (255, 184, 77)


@dataclass
class Demo:
    """
    The frames of the animation.

    :ivar region_px: left, top, right and bottom of the region of interest in the camera image.
    """

    region_px: tuple[float, float, float, float]
    times_s: list[float] = field(default_factory=list)
    speeds_mps: list[float] = field(default_factory=list)
    frames: list[Image.Image] = field(default_factory=list)

    def watch(self, record: FrameRecord, image: NDArray[Any]) -> None:
        """Add a time step of the run; every third image becomes a frame."""
        self.times_s.append(record.time_s)
        self.speeds_mps.append(float(record.state['speed_mps']))
        if len(self.times_s) % STRIDE == 1:
            self.frames.append(self._frame(record, image))

    def _frame(self, record: FrameRecord, image: NDArray[Any]) -> Image.Image:
        canvas = Image.new('RGB', (WIDTH_PX + PANEL_PX, HEIGHT_PX), BACK)
        view = Image.fromarray(image)
        color = AMBER if record.prediction is None else GREEN
        ImageDraw.Draw(view).rectangle(self.region_px, outline=color, width=4)
        canvas.paste(view.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS), (0, 0))
        self._panel(ImageDraw.Draw(canvas), record)
        return canvas

    def _panel(self, draw: ImageDraw.ImageDraw, record: FrameRecord) -> None:
        x, right = WIDTH_PX + 18, WIDTH_PX + PANEL_PX - 18
        state = next(iter(record.gate_states.values()), '')
        obeying = state == 'obeying'
        label = 'not recognised' if record.prediction is None else record.prediction
        draw.text((x, 16), 'classifier', FAINT, font(13))
        draw.text((x, 32), label, AMBER if record.prediction is None else INK, font(19, bold=True))
        draw.rectangle((x, 62, right, 68), (52, 58, 70))
        if record.prediction is not None:
            draw.rectangle((x, 62, x + (right - x) * record.score, 68), GREEN)
        draw.text((x, 84), 'policy: rule', FAINT, font(13))
        draw.text((x, 100), record.rule or '-', INK, font(17))
        draw.text((x + 140, 84), 'gate', FAINT, font(13))
        draw.text((x + 140, 100), state, GREEN if obeying else RED, font(17, bold=True))
        draw.text((x, 138), 'speed', FAINT, font(13))
        draw.text((x, 154), f'{self.speeds_mps[-1]:.2f} m/s', INK, font(22, bold=True))
        limit = float(record.state['limit_mps'])
        draw.text((x + 140, 138), 'limit of the sign', FAINT, font(13))
        draw.text((x + 140, 154), f'{limit:.2f} m/s' if math.isfinite(limit) else 'none', INK,
                  font(22))
        self._curve(draw, (x, 200, right, HEIGHT_PX - 34))
        draw.text((x, HEIGHT_PX - 28), f'{record.time_s:.0f} s', FAINT, font(13))

    def _curve(self, draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
        left, top, right, bottom = box
        draw.line((left, bottom, right, bottom), FAINT)
        black = [left + (right - left) * time_s / DEMO_S for time_s in BLACK_S]
        if self.times_s[-1] >= BLACK_S[0]:
            shown = min(black[1], left + (right - left) * self.times_s[-1] / DEMO_S)
            draw.rectangle((black[0], top, shown, bottom), (72, 34, 36))
            draw.text((black[0], top - 1), 'lens covered', RED, font(11))
        points = [(left + (right - left) * time_s / DEMO_S, bottom - (bottom - top) * speed / 0.7)
                  for time_s, speed in zip(self.times_s, self.speeds_mps, strict=True)]
        if len(points) > 1:
            draw.line(points, BLUE, 2)


def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return a font of matplotlib."""
    return ImageFont.truetype(str(FONTS / f'DejaVuSans{"-Bold" * bold}.ttf'), size)


def make_demo(path: Path) -> None:
    """Write the animation of README: a run with the lens covered for a while."""
    application = make_application(DEFAULT, DEMO_SEED)
    pipeline = make_pipeline(find_application(DEFAULT))
    x, y, width, height = pipeline.settings.roi or (0.0, 0.0, 1.0, 1.0)
    demo = Demo((640 * x, 480 * y, 640 * (x + width), 480 * (y + height)))
    fault = CameraFault(kind='camera_black', from_s=BLACK_S[0], to_s=BLACK_S[1])
    run_loop(application, pipeline, DEMO_S, [fault], demo.watch)
    first, *others = demo.frames
    first.save(path, save_all=True, append_images=others, duration=FRAME_MS, loop=0, quality=60,
               method=6)


def make_still(name: str, path: Path) -> None:
    """Write a camera image of an application, some time after its start."""
    application = make_application(name, 1)
    seen: list[NDArray[Any]] = []
    run_loop(application, make_pipeline(find_application(name)), STILLS_S.get(name, STILL_S),
             on_frame=lambda record, image: seen.append(image))
    image = seen[-1] if seen[-1].ndim == 3 else np.stack([seen[-1]] * 3, axis=-1)
    still = Image.fromarray(image)
    scale = max(1, STILL_PX // still.width)
    still = still.resize((still.width * scale, still.height * scale), Image.Resampling.LANCZOS)
    still.save(path, quality=80, method=6)


def image_names() -> Iterator[str]:
    """Yield the names of all images."""
    yield 'demo'
    yield from APPLICATIONS


def main(names: list[str]) -> int:
    """Render these images, or all; return the exit code."""
    unknown = set(names) - set(image_names())
    if unknown:
        sys.stderr.write(f'unknown image {", ".join(sorted(unknown))}, allowed are '
                         f'{", ".join(image_names())}\n')
        return 2
    IMAGES.mkdir(exist_ok=True)
    try:
        for name in names or image_names():
            path = IMAGES / f'{name}.webp'
            make_demo(path) if name == 'demo' else make_still(name, path)
            sys.stdout.write(f'{path}: {path.stat().st_size / 1000:.0f} kB\n')
    except DigiphysError as error:
        sys.stderr.write(f'{error}\n')
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
