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

"""Interface and registry of image sources."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources.options import CaptureOptions
from digiphys_ros.registry import Registry
from numpy.typing import NDArray

SOURCE_TYPES = (
    'a folder of images, an image, a video file, a device (/dev/video0), a stream '
    '(rtsp://, http://), a GStreamer pipeline, a ROS 2 bag (.mcap, .db3 or its folder), a .npz or '
    'a .zip data set')


@dataclass(frozen=True)
class SourceFrame:
    """
    One frame to play.

    :ivar pixels: (H, W, 3) or (H, W), uint8.
    :ivar encoding: rgb8, bgr8 or mono8.
    :ivar label: true class, if known; an index as text for a data set without names.
    :ivar time_s: recorded time in seconds since the start of the stream, if known.
    """

    pixels: NDArray[Any]
    encoding: str
    label: str | None = None
    time_s: float | None = None


class Reader(Protocol):
    """
    The interface of a source.

    :ivar live: whether it is a device, whose images are current and cannot be repeated.
    """

    live: bool

    def frames(self, unreadable: list[str]) -> Iterator[SourceFrame]:
        """Yield the frames once, reading each on demand; append to ``unreadable``."""


class SourceOpener(Protocol):
    """A function that opens sources of one type."""

    def __call__(self, uri: str, options: CaptureOptions) -> Reader:
        """
        Return the reader; a live camera is opened at its first frame.

        :param uri: as the user gave it. It begins with the opener's name and a colon where another
            package adds it, as in ``gige://camera-3``.
        :param options: options of a live camera; ``options.asked`` holds the given ones.
        :raises SourceError: when it can never be read.
        """


_OPENERS = 'digiphys_ros.perception.sources.openers'

SOURCES: Registry[SourceOpener] = Registry(
    'digiphys_ros.sources', 'image source',
    {name: f'{_OPENERS}:open_{name}' for name in ('bag', 'folder', 'npz', 'zip', 'video')},
    needs=('__call__',), error=SourceError)
"""Sources of files by name; another package adds one with an entry point for a SourceOpener."""
