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

"""Cameras that OpenCV opens: devices, network streams and GStreamer pipelines."""

from collections.abc import Generator, Iterator
import os
from pathlib import Path
import re
import time

import cv2
from digiphys_ros.errors import SourceError
from digiphys_ros.perception.imagefile import check_pixels
from digiphys_ros.perception.sources.backlog import Backlog
from digiphys_ros.perception.sources.options import CaptureOptions, without_password
from digiphys_ros.perception.sources.reader import SourceFrame, SOURCES

PAUSE_S = 0.2
"""After a pause of this length the camera has buffered old images."""

PROTOCOLS = ('rtsp', 'rtsps', 'http', 'https', 'rtmp', 'udp', 'srt')
BUFFER = 'appsink'
SILENT = 0
"""Log level of OpenCV."""

_PROPERTIES = {'fourcc': cv2.CAP_PROP_FOURCC, 'width': cv2.CAP_PROP_FRAME_WIDTH,
               'height': cv2.CAP_PROP_FRAME_HEIGHT, 'fps': cv2.CAP_PROP_FPS}


class Camera:
    """
    Live images of a camera.

    :ivar uri: the source without password.
    :ivar refused: a sentence if the camera does not use the requested settings, else ''.
    """

    live = True

    def __init__(self, uri: str, options: CaptureOptions) -> None:
        self.uri, self.options = without_password(uri), options
        self._source = uri
        self.refused = ''

    def frames(self, unreadable: list[str]) -> Generator[SourceFrame, None, None]:
        """
        Yield images until the camera fails.

        :raises SourceError: when it cannot be opened, or stops.
        """
        _be_quiet()
        capture = self._open()
        try:
            if not capture.isOpened():
                raise SourceError(f'{self.uri}: {self._why_not()}')
            self._set_up(capture)
            check_pixels(capture.get(cv2.CAP_PROP_FRAME_HEIGHT),
                         capture.get(cv2.CAP_PROP_FRAME_WIDTH))
            yield from self._images(capture)
        finally:
            capture.release()

    def _open(self) -> cv2.VideoCapture:
        raise NotImplementedError

    def _why_not(self) -> str:
        raise NotImplementedError

    def _set_up(self, capture: cv2.VideoCapture) -> None:
        pass

    def _images(self, capture: cv2.VideoCapture) -> Iterator[SourceFrame]:
        started_s = time.monotonic()
        backlog = Backlog(started_s)
        while True:
            pixels = _read(capture, self.uri)
            now_s = time.monotonic()
            if not backlog.is_old(now_s):
                yield _frame(pixels, now_s - started_s)


class Device(Camera):
    """A local camera, with Video4Linux."""

    def _open(self) -> cv2.VideoCapture:
        return cv2.VideoCapture(
            int(self._source) if self._source.isdecimal() else self._source, cv2.CAP_V4L2)

    def _why_not(self) -> str:
        found = ', '.join(sorted(map(str, Path('/dev').glob('video*')))) or 'none'
        return ('the camera cannot be opened; is it there, free, and are you in the group '
                f'`video`? Cameras found: {found}.')

    def _set_up(self, capture: cv2.VideoCapture) -> None:
        asked = self.options.asked
        for name, value in asked.items():
            capture.set(_PROPERTIES[name], _number(value))
        given = {name: _value(name, capture.get(_PROPERTIES[name])) for name in asked}
        # one buffer, for the newest image instead of the oldest
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self.refused = '' if all(_alike(given[name], asked[name]) for name in asked) else (
            f'{self.uri}: requested {_listed(asked)}, the camera uses {_listed(given)}; '
            f'`v4l2-ctl --device {self.uri} --list-formats-ext` lists its formats.')

    def _images(self, capture: cv2.VideoCapture) -> Iterator[SourceFrame]:
        waiting = max(int(capture.get(cv2.CAP_PROP_BUFFERSIZE)), 1)
        started_s = asked_s = time.monotonic()
        while True:
            if time.monotonic() - asked_s > PAUSE_S:
                for _ in range(waiting):
                    capture.grab()
            pixels = _read(capture, self.uri)
            asked_s = time.monotonic()
            yield _frame(pixels, asked_s - started_s)


class Stream(Camera):
    """A network stream, read with FFmpeg."""

    def _open(self) -> cv2.VideoCapture:
        milliseconds = round(self.options.timeout_s * 1e3)
        # OpenCV before 4.5.5 has no such timeouts
        limits = [getattr(cv2, f'CAP_PROP_{name}_TIMEOUT_MSEC', None) for name in ('OPEN', 'READ')]
        return cv2.VideoCapture(self._source, cv2.CAP_FFMPEG, [
            value for limit in limits if limit is not None for value in (limit, milliseconds)])

    def _why_not(self) -> str:
        return ('the stream cannot be opened; is the camera on, its address right, and does it '
                'ask for a name and a password (rtsp://NAME:PASSWORD@HOST/...)?')


class Pipeline(Camera):
    """A GStreamer pipeline."""

    def __init__(self, uri: str, options: CaptureOptions) -> None:
        super().__init__(uri, options)
        if BUFFER not in uri:
            raise SourceError(f'{self.uri}: a GStreamer pipeline must end in {BUFFER}, as in '
                              f'"... ! videoconvert ! {BUFFER} drop=true max-buffers=1".')
        if not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
            raise SourceError(
                f'{self.uri}: OpenCV {cv2.__version__} of this Python has no GStreamer; install '
                'one that has (python3-opencv of Debian and Ubuntu), or give a device, an '
                'rtsp:// or an http:// address.')

    def _open(self) -> cv2.VideoCapture:
        # without timeouts, which OpenCV 4.6 refuses here
        return cv2.VideoCapture(self._source, cv2.CAP_GSTREAMER)

    def _why_not(self) -> str:
        return 'the pipeline does not run; try it with gst-launch-1.0.'


def open_camera(uri: str, options: CaptureOptions) -> Camera | None:
    """
    Return the camera of a source, None for other sources.

    :raises SourceError: for an address with an unsupported protocol.
    """
    protocol = re.match(r'([A-Za-z][A-Za-z0-9+.-]*)://', uri)
    if re.search(r'\s!\s', uri):
        return _without_options(Pipeline(uri, options))
    if protocol and protocol[1].lower() not in PROTOCOLS:
        allowed = (*PROTOCOLS, *SOURCES.added_names())
        raise SourceError(f'{without_password(uri)}: {protocol[1]}:// is not read, allowed are '
                          f'{", ".join(f"{one}://" for one in allowed)}.')
    if protocol:
        return _without_options(Stream(uri, options))
    return Device(uri, options) if is_device(uri) else None


def is_device(uri: str) -> bool:
    """Return whether a source is a device: a folder may have a number as its name."""
    path = Path(uri).expanduser()
    if path.is_dir() or path.is_file():
        return False
    return (uri.isascii() and uri.isdecimal()) or path.is_char_device() or uri.startswith(
        ('/dev/video', '/dev/v4l/'))


def _without_options(camera: Camera) -> Camera:
    if camera.options.asked:
        raise SourceError(f'{camera.uri}: only a device can be asked for '
                          f'{_listed(camera.options.asked)}; set that in the camera itself, or in '
                          'the pipeline.')
    return camera


def _be_quiet() -> None:
    """Silence the libraries, which print at every attempt; the error message is enough."""
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')
    # its module differs between OpenCV 4 and 5
    logging = getattr(getattr(cv2, 'utils', None), 'logging', None)
    set_level = getattr(cv2, 'setLogLevel', None) or getattr(logging, 'setLogLevel', None)
    if set_level is not None:
        set_level(SILENT)


def _read(capture: cv2.VideoCapture, uri: str) -> 'cv2.typing.MatLike':
    read, pixels = capture.read()
    if not read:
        raise SourceError(f'{uri}: the camera sends no more images.')
    return pixels


def _frame(pixels: 'cv2.typing.MatLike', time_s: float) -> SourceFrame:
    return SourceFrame(pixels, 'mono8' if pixels.ndim == 2 else 'bgr8', None, time_s)


def _number(value: float | str) -> float:
    return cv2.VideoWriter.fourcc(*value) if isinstance(value, str) else value


def _value(name: str, number: float) -> float | str:
    if name != 'fourcc':
        return number
    return int(number).to_bytes(4, 'little', signed=number < 0).decode('latin-1')


def _alike(given: float | str, asked: float | str) -> bool:
    # 29.97 frames a second count as 30
    return given == asked or (not isinstance(given, str) and not isinstance(asked, str)
                              and abs(given - asked) < 1.0)


def _listed(values: dict[str, float | str]) -> str:
    return ', '.join(f'{name} {value if isinstance(value, str) else format(value, "g")}'
                     for name, value in values.items())
