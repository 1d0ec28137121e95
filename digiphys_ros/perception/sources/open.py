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

"""Open a source by what the user typed."""

from pathlib import Path

from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources.options import CaptureOptions
from digiphys_ros.perception.sources.reader import KINDS, Reader
from digiphys_ros.perception.sources.source import Source


def open_source(uri: str, *, loop: bool = False,
                options: CaptureOptions | None = None) -> Source:
    """
    Return the frames of ``uri``; files are read as they are needed.

    An image that cannot be read is passed over and named in the source's ``unreadable``. With
    ``loop`` the recorded time goes on from one round to the next.

    :param uri: a folder of images, an image, a video file, a device (``/dev/video0`` or ``0``), a
        stream (``rtsp://``, ``http://``), a GStreamer pipeline, a ROS 2 bag, with
        ``#/camera/image_raw`` behind it where it has several image topics, a .npz or a .zip data
        set.
    :param options: how to open a live camera.
    :raises SourceError: when there is nothing of that name, or nothing to play in it.

    Example::

        for frame in open_source('images'):
            show(frame.pixels)
    """
    return Source(uri, open_reader(uri, options), loop)


def open_reader(uri: str, options: CaptureOptions | None = None) -> Reader:
    """
    Return what reads a source; a live camera is not opened yet.

    :raises SourceError: when there is nothing of that name, or it can never be read.
    """
    # each kind is imported here: a folder needs no video, a device no data set
    from digiphys_ros.perception.sources.capture import open_camera
    options = options or CaptureOptions()
    camera = open_camera(uri, options)
    if camera is not None:
        return camera
    if options.asked:
        raise SourceError(f'{uri}: only a device can be asked for width, height, fps or fourcc.')
    name, topic = split_topic(uri)
    path = Path(name).expanduser()
    if not uri or not path.exists():
        raise SourceError(f'{uri or "(nothing)"}: does not exist; a source is {KINDS}.')
    from digiphys_ros.perception.sources.bagfile import is_bag
    if is_bag(path):
        from digiphys_ros.perception.sources.bag import Bag
        return Bag(path, topic)
    if topic:
        raise SourceError(f'{uri}: only a bag has topics, and {name} is none.')
    from digiphys_ros.perception.sources.folder import Folder, is_image
    if path.is_dir() or is_image(path.name):
        return Folder(path)
    if path.suffix.lower() == '.npz':
        from digiphys_ros.perception.sources.npz import Npz
        return Npz(path)
    if path.suffix.lower() == '.zip':
        from digiphys_ros.perception.sources.archive import open_archive
        return open_archive(path)
    from digiphys_ros.perception.sources.video import Video
    return Video(path)


def split_topic(uri: str) -> tuple[str, str]:
    """
    Return the path and the topic of a source, the topic empty where none is named.

    Example::

        >>> split_topic('drive#/front/image')
        ('drive', '/front/image')
    """
    name, mark, topic = uri.rpartition('#/')
    return (name, f'/{topic}') if mark and not Path(uri).expanduser().exists() else (uri, '')
