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

"""A ROS 2 bag as a camera."""

from collections.abc import Iterator
from pathlib import Path

from digiphys_ros.errors import FrameError
from digiphys_ros.perception.bit_depth import BitDepth
from digiphys_ros.perception.sources.bagfile import BagFile, frame_of, IMAGES
from digiphys_ros.perception.sources.folder import source_frame
from digiphys_ros.perception.sources.reader import SourceFrame


class Bag:
    """
    The images of one topic, with their recorded times.

    :param topic: required if there are several image topics.
    """

    live = False

    def __init__(self, path: Path, topic: str = '') -> None:
        self._bag = BagFile(path)
        self._depth = BitDepth()
        self._topic = self._bag.only(
            IMAGES, topic or None, 'image', f'name one, as in {path}#/camera/image_raw').name

    def frames(self, unreadable: list[str]) -> Iterator[SourceFrame]:
        """Yield the images in recorded order."""
        damage = self._bag.damage
        unreadable.extend(damage)
        known, start_ns = len(damage), None
        for message in self._bag.messages(self._topic):
            start_ns = message.time_ns if start_ns is None else start_ns
            time_s = (message.time_ns - start_ns) * 1e-9
            try:
                frame = frame_of(self._bag.decode(message))
            except FrameError as error:
                unreadable.append(f'{self._topic} at {time_s:.3f} s: {error}')
                continue
            yield source_frame(frame, self._depth, None, time_s)
        unreadable.extend(damage[known:])
