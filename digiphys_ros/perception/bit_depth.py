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

"""Detect the used bits of 16-bit pixels, which mono16 does not name."""

from dataclasses import replace

from digiphys_ros.perception.frame import Frame


class BitDepth:
    """
    Used bits of one camera's 16-bit pixels, constant over frames.

    A detected depth only grows: a dark scene does not change the brightness of the next frames. It
    changes at most three times.

    :param bits: the depth, if known; 0 detects it.
    :ivar fixed: the given depth; may be changed between two frames.

    Example::

        depth = BitDepth()
        for frame in frames:
            classify(depth.steady(frame))
    """

    def __init__(self, bits: int = 0) -> None:
        self.fixed = bits
        self._found = 0

    @property
    def bits(self) -> int:
        """Return the depth, 0 before the first image of 16 bits."""
        return self._found and (self.fixed or self._found)

    def steady(self, frame: Frame) -> Frame:
        """Return the frame with the depth of its camera."""
        if frame.pixels.dtype.kind != 'u' or frame.pixels.dtype.itemsize != 2:
            return frame
        self._found = max(self._found, frame.bits)
        return frame if self.bits == frame.bits else replace(frame, bits=self.bits)
