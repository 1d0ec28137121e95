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

"""Open a source by its name."""

from pathlib import Path

from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources.openers import split_topic
from digiphys_ros.perception.sources.options import CaptureOptions
from digiphys_ros.perception.sources.reader import Reader, SOURCE_TYPES, SOURCES
from digiphys_ros.perception.sources.source import Source


def open_source(uri: str, *, loop: bool = False,
                options: CaptureOptions | None = None) -> Source:
    """
    Return the frames of ``uri``; files are read on demand.

    Unreadable images are skipped and named in ``unreadable`` of the source. With ``loop`` the
    recorded time continues from round to round.

    :param uri: a folder of images, an image, a video file, a device (``/dev/video0`` or ``0``), a
        stream (``rtsp://``, ``http://``), a GStreamer pipeline, a ROS 2 bag, with
        ``#/camera/image_raw`` behind it where it has several image topics, a .npz or a .zip data
        set.
    :param options: how to open a live camera.
    :raises SourceError: when the name does not exist, or has nothing to play.

    Example::

        for frame in open_source('images'):
            show(frame.pixels)
    """
    return Source(uri, open_reader(uri, options), loop)


def open_reader(uri: str, options: CaptureOptions | None = None) -> Reader:
    """
    Return the reader of a source; a live camera is not opened yet.

    :raises SourceError: when the name does not exist, or can never be read.
    """
    from digiphys_ros.perception.sources.capture import open_camera, PROTOCOLS
    options = options or CaptureOptions()
    if uri.partition(':')[0] not in PROTOCOLS and (added := SOURCES.plugin_for(uri)):
        return SOURCES[added](uri, options)
    camera = open_camera(uri, options)
    if camera is not None:
        return camera
    if options.asked:
        raise SourceError(f'{uri}: only a device can be asked for width, height, fps or fourcc.')
    return SOURCES[_format(uri)](uri, options)


def _format(uri: str) -> str:
    """Return the built-in source of a file or folder."""
    name, topic = split_topic(uri)
    path = Path(name).expanduser()
    if not uri or not path.exists():
        raise SourceError(f'{uri or "(nothing)"}: does not exist; a source is {SOURCE_TYPES}.')
    from digiphys_ros.perception.sources.bagfile import is_bag
    if is_bag(path):
        return 'bag'
    if topic:
        raise SourceError(f'{uri}: only a bag has topics, and {name} is not a bag.')
    from digiphys_ros.perception.sources.folder import is_image
    if path.is_dir() or is_image(path.name):
        return 'folder'
    return {'.npz': 'npz', '.zip': 'zip'}.get(path.suffix.lower(), 'video')
