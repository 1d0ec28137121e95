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

"""State of one camera: whether its frames show the current scene, and how old they are."""

from collections import Counter
from collections.abc import Callable, Sequence
import re
from typing import Any

from digiphys_ros.errors import ConfigError, FrameError
from digiphys_ros.fixes import keep_one
from digiphys_ros.perception.bit_depth import BitDepth
from digiphys_ros.perception.camera_checks import fix_of, Limits, REASONS
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.liveness import LivenessMonitor
from digiphys_ros.perception.stamps import explain_stamp, StampMonitor

COUNTED = ('abstained', 'broken', 'black', *REASONS, 'duplicate', 'failed')
"""Reasons why frames were not classified or got no answer."""


class CameraState:
    """
    Check the frames of one camera, and count the results.

    Example::

        camera = CameraState(Limits())
        frame = camera.check(frame)
        if frame is None:
            print(camera.status)

    :param limits: limits of the camera checks; ``adjust`` replaces them.
    :param bits: used bits of 16-bit pixels; 0: measured.
    :param name: empty for a single camera.
    :ivar status: ``fresh``, or why the last frame was not classified; empty before the first.
    :ivar counts: frames by result: ``classified`` and ``COUNTED``.
    """

    def __init__(self, limits: Limits, bits: int = 0, name: str = '') -> None:
        self.name = name
        self.status = ''
        self.counts: Counter[str] = Counter()
        self._liveness, self._depth = LivenessMonitor(limits), BitDepth(bits)
        self._stamps = StampMonitor()
        self._age_s: float | None = None
        self._image_bytes = 0

    def adjust(self, limits: Limits, bits: int = 0) -> None:
        """Replace limits and bit depth between two frames."""
        self._liveness.limits, self._depth.fixed = limits, bits

    def arrive(self, stamp_s: float, now_s: float, image_bytes: int) -> None:
        """
        Record an image that has arrived, before it is decoded.

        :param now_s: time on the node's clock.
        """
        self._stamps.add(stamp_s, now_s)
        self._image_bytes = image_bytes

    def check(self, frame: Frame) -> Frame | None:
        """Return the frame to classify, None when the camera is blind or frozen."""
        frame = self._depth.steady(frame)
        verdict = self._liveness.check(frame)
        self.status = REASONS.get(verdict, verdict)
        if verdict == 'fresh':
            return frame
        self.counts[verdict] += 1
        return None

    def decode(self, decode: Callable[[], Frame]) -> Frame | None:
        """As ``check``, for a frame that must first be decoded; any failure becomes a status."""
        try:
            return self.check(decode())
        except FrameError as error:
            self.refuse('broken', str(error))
        except Exception as error:  # the next frame must still be checked
            self.fail(error)
        return None

    def refuse(self, count: str, status: str) -> None:
        """Count a frame that is not classified, and keep the reason."""
        self.counts[count] += 1
        self.status = status

    def fail(self, error: Exception) -> None:
        """Count a frame that was lost by an unexpected error."""
        self.refuse('failed', f'{type(error).__name__}: {error}')

    def answer(self, *, abstained: bool) -> None:
        """Count a classification."""
        self.counts['classified'] += 1
        self.counts['abstained'] += abstained

    def problem(self, topic: str, node: str, explain_silence: Callable[[], tuple[str, str]], *,
                duplicates: str = '', drivers: Sequence[str] = (), behind_s: float = 0.0
                ) -> tuple[str, str]:
        """
        Return the problem of the images since the last call, and its fix, else twice ''.

        :param topic: topic of the images.
        :param node: name of the node that receives them.
        :param explain_silence: called if none has arrived; returns sentence and fix.
        :param duplicates: a sentence if several nodes send images.
        :param drivers: names of the nodes that send them.
        :param behind_s: how far the clock may be behind, like a simulation's between two ticks.
        """
        arrived = self._stamps.take()
        self._age_s = None if arrived is None else arrived[1]
        if duplicates:
            # their images alternate: the status of the last one alone explains nothing
            blind = '' if self.status in ('', 'fresh', duplicates) else f'; {self.status}'
            return duplicates + blind, keep_one(topic)
        if arrived is None:
            return explain_silence()
        if self.status not in ('', 'fresh'):
            return self.status, fix_of(self.status, topic, node)
        return explain_stamp(*arrived, drivers, behind_s)

    def figures(self) -> dict[str, Any]:
        """Return age on arrival and size of the last images, and the results of the checks."""
        figures: dict[str, Any] = {
            f'camera_{name}': f'{value:.3g}' for name, value in self._liveness.figures.items()}
        if self._depth.bits:
            figures['camera_bit_depth'] = self._depth.bits
        if self._age_s is not None:
            figures['image_age_s'] = f'{self._age_s:.4f}'
            figures['image_bytes'] = self._image_bytes
        return figures


def camera_names(names: str) -> list[str]:
    """
    Return the cameras of a list; an empty list means one camera without a name.

    Example::

        >>> camera_names('front, rear'), camera_names('')
        (['front', 'rear'], [''])

    :param names: names, separated by commas.
    :raises ConfigError: for a name that is invalid in a topic, or a repeated name.
    """
    cameras = [name.strip() for name in names.split(',')]
    for name in cameras:
        if names and not re.fullmatch(r'[A-Za-z][A-Za-z0-9_]*', name):
            raise ConfigError(f'parameter `cameras`: names of letters, digits and _ are needed, '
                              f'separated by commas, received {names!r}.')
    if len(set(cameras)) < len(cameras):
        raise ConfigError(f'parameter `cameras`: names a camera twice: {names!r}.')
    return cameras
