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

"""Video files, read by OpenCV."""

from collections.abc import Iterator
from pathlib import Path

import cv2
from digiphys_ros.errors import FrameError, SourceError
from digiphys_ros.files import check_regular_file, reason_of
from digiphys_ros.perception.imagefile import check_pixels
from digiphys_ros.perception.sources.reader import SOURCE_TYPES, SourceFrame


class Video:
    """A video file, timed by its frame rate."""

    live = False

    def __init__(self, path: Path) -> None:
        self._path = path

    def frames(self, unreadable: list[str]) -> Iterator[SourceFrame]:
        """Yield the frames from the first to the last."""
        capture = self._open()
        try:
            rate_hz = capture.get(cv2.CAP_PROP_FPS)
            index = 0
            while (image := capture.read())[0]:
                yield SourceFrame(image[1], 'bgr8', None,
                                  index / rate_hz if rate_hz > 0 else None)
                index += 1
        finally:
            capture.release()

    def _open(self) -> cv2.VideoCapture:
        try:
            check_regular_file(self._path)
            capture = cv2.VideoCapture(str(self._path))
            if not capture.isOpened():
                raise SourceError(
                    f'{self._path}: cannot be opened as a video; a source is {SOURCE_TYPES}.')
            check_pixels(capture.get(cv2.CAP_PROP_FRAME_HEIGHT),
                         capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        except (OSError, FrameError) as error:
            raise SourceError(f'{self._path}: cannot be played: {reason_of(error)}.') from error
        return capture
