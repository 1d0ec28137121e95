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

"""A folder of images, and functions for image files."""

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any

from digiphys_ros.errors import FrameError, SourceError
from digiphys_ros.files import read_bytes, reason_of
from digiphys_ros.folders import walk
from digiphys_ros.perception.bit_depth import BitDepth
from digiphys_ros.perception.frame import decode_image_file, Frame
from digiphys_ros.perception.sources.reader import SourceFrame

ENDINGS = ('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.tif', '.tiff', '.gif', '.bmp',
           '.dib', '.ppm', '.pgm', '.pbm', '.pnm')


class Folder:
    """Images in a folder, or one image; the name of a subfolder is the label."""

    live = False

    def __init__(self, path: Path) -> None:
        self._depth = BitDepth()
        self._path = path.parent if path.is_file() else path
        try:
            files = [path] if path.is_file() else list(walk(path))
        except OSError as error:
            raise SourceError(f'{path}: cannot be played: {error.filename or ""}: '
                              f'{reason_of(error)}.') from error
        self._files = sorted((file for file in files if is_image(file.name)),
                             key=lambda file: natural(str(file)))

    def frames(self, unreadable: list[str]) -> Iterator[SourceFrame]:
        """Yield the images in natural order of their names."""
        for file in self._files:
            label = file.parent.name if file.parent != self._path else None
            try:
                yield image_frame(read_bytes(file), self._depth, label)
            except (FrameError, OSError):
                unreadable.append(str(file))


def read_image(path: Path) -> Frame:
    """
    Return the frame in one image file.

    :raises SourceError: when the file is missing or not an image.
    """
    try:
        return decode_image_file(read_bytes(path))
    except FrameError as error:
        raise SourceError(f'{path}: {error}') from error
    except OSError as error:
        raise SourceError(f'{path}: cannot be read: {reason_of(error)}.') from error


def is_image(name: str) -> bool:
    """Return whether to play a file of this name; macOS leaves hidden copies."""
    return name.lower().endswith(ENDINGS) and not name.startswith('.')


def natural(name: str) -> list[Any]:
    """Return a sort key that puts frame_10 after frame_9."""
    parts = re.split(r'(\d+)', name)
    # by length and digits: Python does not convert thousands of digits
    return [(len(digits := part.lstrip('0')), digits) if index % 2 else part
            for index, part in enumerate(parts)]


def image_frame(data: bytes, depth: BitDepth, label: str | None = None,
                time_s: float | None = None) -> SourceFrame:
    """
    Return the frame in an image file, in 8 bits.

    :param depth: bit depth of all files of the source.
    :raises FrameError: when it cannot be read.
    """
    return source_frame(decode_image_file(data), depth, label, time_s)


def source_frame(frame: Frame, depth: BitDepth, label: str | None = None,
                 time_s: float | None = None) -> SourceFrame:
    """
    Return a frame to play, in 8 bits.

    :param depth: bit depth of all frames of the source.
    """
    frame = depth.steady(frame)
    return SourceFrame(frame.converted(frame.color), f'{frame.color}8', label, time_s)
