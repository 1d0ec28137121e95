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

"""
The built-in sources of files.

Each imports its modules on first use: a folder needs no video.
"""

from pathlib import Path

from digiphys_ros.perception.sources.options import CaptureOptions
from digiphys_ros.perception.sources.reader import Reader


def open_bag(uri: str, options: CaptureOptions) -> Reader:
    """Open a ROS 2 bag, ``BAG`` or ``BAG#/topic``."""
    from digiphys_ros.perception.sources.bag import Bag
    name, topic = split_topic(uri)
    return Bag(Path(name).expanduser(), topic)


def open_folder(uri: str, options: CaptureOptions) -> Reader:
    """Open a folder of images, or one image."""
    from digiphys_ros.perception.sources.folder import Folder
    return Folder(Path(uri).expanduser())


def open_npz(uri: str, options: CaptureOptions) -> Reader:
    """Open an .npz data set."""
    from digiphys_ros.perception.sources.npz import Npz
    return Npz(Path(uri).expanduser())


def open_zip(uri: str, options: CaptureOptions) -> Reader:
    """Open a .zip data set."""
    from digiphys_ros.perception.sources.archive import open_archive
    return open_archive(Path(uri).expanduser())


def open_video(uri: str, options: CaptureOptions) -> Reader:
    """Open a video file."""
    from digiphys_ros.perception.sources.video import Video
    return Video(Path(uri).expanduser())


def split_topic(uri: str) -> tuple[str, str]:
    """
    Return the path and topic of a source; the topic may be empty.

    Example::

        >>> split_topic('drive#/front/image')
        ('drive', '/front/image')
    """
    name, mark, topic = uri.rpartition('#/')
    return (name, f'/{topic}') if mark and not Path(uri).expanduser().exists() else (uri, '')
