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

"""ROS 2 bags: images of one topic, labels of another; no ROS is needed to read them."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from digiphys_ros.errors import DatasetError, FrameError
from digiphys_ros.files import check_regular_file, open_regular, reason_of, UNREADABLE
from digiphys_ros.learning.datasets.bag_unpacking import limit_unpacking
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.folder import UNLABELLED
from digiphys_ros.learning.datasets.memory import Spool
from digiphys_ros.perception.frame import decode_compressed, decode_image, Frame
from digiphys_ros.perception.sources.folder import natural
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

IMAGES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
LABELS = ('vision_msgs/msg/Classification', 'std_msgs/msg/String', 'std_msgs/msg/Int32')
METADATA = 'metadata.yaml'
METADATA_BYTES = 4 << 20
"""Of a bag in a thousand files it has some 300 kB."""
DEFINITIONS = {
    'vision_msgs/msg/ObjectHypothesis': 'string class_id\nfloat64 score\n',
    'vision_msgs/msg/Classification': 'std_msgs/Header header\n'
                                      'vision_msgs/ObjectHypothesis[] results\n',
}
"""For bags that do not carry their definitions (SQLite before Iron)."""


def is_bag(path: Path) -> bool:
    """Return whether this is a bag: its folder, or its .mcap or .db3 file."""
    return path.suffix in ('.mcap', '.db3') or (path / METADATA).is_file()


def open_bag(path: Path, image_topic: str | None = None, label_topic: str | None = None,
             labelled: bool = True) -> Dataset:
    """
    Return the images of a bag with the labels that were published for them.

    A Classification belongs to the image with its stamp; a String or Int32 holds from when it was
    recorded until the next. Images without a label are left out. Those that follow each other with
    one label are a group: they show the same thing. The images are kept in a temporary file: a bag
    can only be read from its beginning.

    :param image_topic: where there are several of images.
    :param label_topic: where there are several of labels.
    :param labelled: False takes a bag without a topic of labels too, all images as one class.
    :raises DatasetError: when a topic is missing, or not the only one of its kind.
    """
    _check_files(path)
    with _opened(path) as reader:
        images = _only(path, reader, IMAGES, image_topic, 'image')
        if labelled or any(one.msgtype in LABELS for one in reader.connections):
            labels = _only(path, reader, LABELS, label_topic, 'label')
            names = _labels_of(reader, images, labels)
        else:
            names = [UNLABELLED for _ in reader.messages(images)]
        read = _Reader(path, reader, images, [name is not None for name in names])
    found = [(index, name) for index, name in enumerate(names) if name is not None]
    if not found:
        raise DatasetError(f'{path}: no image of {images[0].topic} has a label.')
    known = tuple(sorted({name for _, name in found}, key=natural))
    classes = np.array([known.index(name) for _, name in found], np.int64)
    groups = np.r_[0, np.cumsum(np.diff(classes) != 0)] if len(known) > 1 \
        else np.arange(len(classes))
    topic = images[0].topic
    data = Dataset(str(path), known, classes, groups,
                   tuple(f'{topic}[{index}]' for index, _ in found), read,
                   skipped=tuple(f'{topic}[{index}] without a label'
                                 for index, name in enumerate(names) if name is None))
    return data if len(known) == 1 else replace(
        data, grouping='images of one label that follow each other')


def _check_files(path: Path) -> None:
    """Refuse a bag with a named pipe or a device in it, or a description read for minutes."""
    for file in path.iterdir() if path.is_dir() else [path]:
        try:
            if file.name == METADATA:
                open_regular(file, METADATA_BYTES).close()
            elif not file.is_dir():
                check_regular_file(file)
        except OSError as error:
            raise DatasetError(f'{file}: cannot be read as a bag: {reason_of(error)}.') from error


class _Reader:
    """Reads one image of a topic, from a temporary file of messages as they were recorded."""

    def __init__(self, path: Path, reader: Any, images: list[Any], wanted: Sequence[bool]
                 ) -> None:
        self._name, self._type = f'{path}: {images[0].topic}', images[0].msgtype
        self._store = reader.typestore
        self._spool = Spool(str(path))
        self._places: list[tuple[int, int, int]] = []
        messages = tqdm(reader.messages(images), total=len(wanted), desc='unpacking images',
                        disable=None)
        for index, (_, _, raw) in enumerate(messages):
            if wanted[index]:
                self._places.append((index, self._spool.append(raw), len(raw)))

    def __call__(self, index: int) -> NDArray[Any]:
        number, start, size = self._places[index]
        broken: tuple[type[Exception], ...] = (FrameError, *_broken())
        try:
            message = self._store.deserialize_cdr(self._spool.read(start, size), self._type)
            frame = _frame(message)
        except broken as error:
            raise DatasetError(f'{self._name}[{number}]: {error}') from error
        return frame.converted('mono' if frame.colour == 'mono' else 'rgb')


def _frame(message: Any) -> Frame:
    if hasattr(message, 'format'):
        return decode_compressed(message.data, message.format)
    return decode_image(message.data, height=message.height, width=message.width,
                        encoding=message.encoding, step=message.step,
                        is_bigendian=bool(message.is_bigendian))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import get_types_from_msg, get_typestore, Stores
    limit_unpacking()
    store = get_typestore(Stores.LATEST)
    for name, text in DEFINITIONS.items():
        if name not in store.types:
            store.register(get_types_from_msg(text, name))
    try:
        with AnyReader([path], default_typestore=store) as reader:
            yield reader
    except _broken() as error:
        raise DatasetError(f'{path}: cannot be read as a bag: {error}.') from error


def _broken() -> tuple[type[Exception], ...]:
    """Return what a damaged bag raises; the errors of rosbags have no common parent."""
    import apsw
    from rosbags.highlevel import AnyReaderError
    from rosbags.rosbag2 import ReaderError
    from rosbags.serde import SerdeError
    from rosbags.typesys import TypesysError
    return (AnyReaderError, ReaderError, SerdeError, TypesysError, apsw.Error, *UNREADABLE)


def _only(path: Path, reader: Any, kinds: tuple[str, ...], wanted: str | None, what: str
          ) -> list[Any]:
    """Return the connections of the one topic that is of these types, or of the wanted one."""
    found = [one for one in reader.connections if one.msgtype in kinds]
    chosen = [one for one in found if wanted in (None, one.topic)]
    if len({one.topic for one in chosen}) == 1:
        return chosen
    topics = ', '.join(sorted({one.topic for one in found})) or 'none'
    reason = f'has no {what} topic {wanted or ""}'.rstrip() if not chosen else \
        f'has several {what} topics: name one with --{what}-topic'
    raise DatasetError(f'{path}: {reason}; of {what}s it has: {topics} '
                       f'(types {", ".join(kinds)}).')


def _labels_of(reader: Any, images: list[Any], labels: list[Any]) -> list[str | None]:
    """Return the label of each image, None where there is none."""
    times: list[tuple[int, tuple[int, int]]] = []
    told: list[tuple[int, str]] = []
    by_stamp: dict[tuple[int, int], str] = {}
    for connection, time_ns, raw in reader.messages([*images, *labels]):
        message = reader.deserialize(raw, connection.msgtype)
        if connection.topic == images[0].topic:
            times.append((time_ns, _stamp(message)))
        elif not hasattr(message, 'results'):
            told.append((time_ns, str(message.data)))
        elif message.results:
            by_stamp[_stamp(message)] = message.results[0].class_id
    if not told:
        return [by_stamp.get(stamp) for _, stamp in times]
    starts = [time_ns for time_ns, _ in told]
    before = [bisect_right(starts, time_ns) for time_ns, _ in times]
    return [told[count - 1][1] if count else None for count in before]


def _stamp(message: Any) -> tuple[int, int]:
    return message.header.stamp.sec, message.header.stamp.nanosec
