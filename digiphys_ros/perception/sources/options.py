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

"""Options of live cameras."""

from dataclasses import dataclass
import re

from digiphys_ros.errors import SourceError
from digiphys_ros.settings import setting


@dataclass(frozen=True)
class CaptureOptions:
    """
    Options of a live camera.

    Example::

        open_source('/dev/video0', options=CaptureOptions(width=1280, height=720, fourcc='MJPG'))
    """

    width: int = setting(0, 'Image width that a device is asked for; 0: its own.', 0, 16384)
    height: int = setting(0, 'Image height that a device is asked for; 0: its own.', 0, 16384)
    fps: float = setting(
        0.0, 'Frames a second that a device is asked for; 0: its own.', 0.0, 1000.0)
    fourcc: str = setting('', 'Pixel format that a device is asked for, such as MJPG or YUYV. '
                          'Empty: its own.')
    timeout_s: float = setting(
        3.0, 'Longest time without an image until a device or a stream is opened again [s].',
        0.5, 60.0)

    def __post_init__(self) -> None:
        """Refuse a pixel format without four characters."""
        if self.fourcc and not re.fullmatch('[ -~]{4}', self.fourcc):
            raise SourceError('fourcc: four characters such as MJPG or YUYV are needed, received '
                              f'{self.fourcc!r}.')

    @property
    def asked(self) -> dict[str, float | str]:
        """Return the requested settings, in the order in which to apply them."""
        values: dict[str, float | str] = {
            'fourcc': self.fourcc, 'width': self.width, 'height': self.height, 'fps': self.fps}
        return {name: value for name, value in values.items() if value}


def without_password(uri: str) -> str:
    """Return a source for logs and diagnostics."""
    return re.sub(r'(://)[^/\s]*@', r'\1***@', uri)
