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

"""A source: an iterator of frames."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources.reader import Reader, SourceFrame


class Source(Iterator[SourceFrame]):
    """
    Iterator over the frames of one source.

    :ivar unreadable: names of the skipped, unreadable images.
    :ivar length: number of frames, 0 until the last one has been played.
    """

    def __init__(self, uri: str, reader: Reader, loop: bool = False) -> None:
        self.uri = uri
        self.unreadable: list[str] = []
        self.length = 0
        self._reader = reader
        first_lap = reader.frames(self.unreadable)
        # read here, so that an empty source is reported at the start
        first = next(first_lap, None)
        if first is None:
            raise SourceError(f'{uri}: holds no readable image.')
        # a live image would be outdated when it is used
        self._frames = first_lap if reader.live \
            else self._play(chain([first], first_lap), loop)

    def __next__(self) -> SourceFrame:
        """Return the next frame."""
        return next(self._frames)

    def _play(self, lap: Iterator[SourceFrame], loop: bool) -> Iterator[SourceFrame]:
        start_s = 0.0
        while True:
            played, last_s, step_s = 0, 0.0, 0.0
            for frame in lap:
                if frame.time_s is not None:
                    last_s, step_s = frame.time_s, frame.time_s - last_s
                    frame = replace(frame, time_s=start_s + last_s)
                yield frame
                played += 1
            self.length = played
            if not loop:
                return
            if not played:
                raise SourceError(f'{self.uri}: its images can no longer be read.')
            # the time of the next round continues
            start_s += last_s + step_s
            lap = self._reader.frames([])
