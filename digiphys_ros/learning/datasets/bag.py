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
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from digiphys_ros.errors import DatasetError, FrameError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.perception.frame import decode_compressed, decode_image
from digiphys_ros.perception.sources.folder import natural
import numpy as np
from numpy.typing import NDArray

IMAGES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
LABELS = ('vision_msgs/msg/Classification', 'std_msgs/msg/String', 'std_msgs/msg/Int32')
DEFINITIONS = {
    'vision_msgs/msg/ObjectHypothesis': 'string class_id\nfloat64 score\n',
    'vision_msgs/msg/Classification': 'std_msgs/Header header\n'
                                      'vision_msgs/ObjectHypothesis[] results\n',
}
"""For bags that do not carry their definitions (SQLite before Iron)."""


def is_bag(path: Path) -> bool:
    """Return whether this is a bag: its folder, or its .mcap or .db3 file."""
    return path.suffix in ('.mcap', '.db3') or (path / 'metadata.yaml').is_file()


def open_bag(path: Path, image_topic: str | None = None, label_topic: str | None = None
             ) -> Dataset:
    """
    Return the images of a bag with the labels that were published for them.

    A Classification belongs to the image with its stamp; a String or Int32 holds from when it was
    recorded until the next. Images without a label are left out. Those that follow each other with
    one label are a group: they show the same thing.

    :param image_topic: where there are several of images.
    :param label_topic: where there are several of labels.
    :raises DatasetError: when a topic is missing, or not the only one of its kind.
    """
    with _open(path) as reader:
        images = _only(path, reader, IMAGES, image_topic, 'image')
        labels = _only(path, reader, LABELS, label_topic, 'label')
        names = _labels_of(reader, images, labels)
    found = [(index, name) for index, name in enumerate(names) if name is not None]
    if not found:
        raise DatasetError(f'{path}: no image of {images.topic} has a label on {labels.topic}.')
    known = tuple(sorted({name for _, name in found}, key=natural))
    classes = np.array([known.index(name) for _, name in found], np.int64)
    topic = images.topic
    return Dataset(
        str(path), known, classes, np.r_[0, np.cumsum(np.diff(classes) != 0)],
        tuple(f'{topic}[{index}]' for index, _ in found),
        _Reader(path, topic, tuple(index for index, _ in found)))


class _Reader:
    """Reads one image of a topic; a bag is read from the front, so all are kept encoded."""

    def __init__(self, path: Path, topic: str, wanted: tuple[int, ...]) -> None:
        chosen = set(wanted)
        with _open(path) as reader:
            connections = [one for one in reader.connections if one.topic == topic]
            messages = [
                reader.deserialize(raw, connection.msgtype)
                for index, (connection, _, raw) in enumerate(reader.messages(connections))
                if index in chosen]
        self._messages, self._name = messages, f'{path}: {topic}'

    def __call__(self, index: int) -> NDArray[Any]:
        message = self._messages[index]
        try:
            if hasattr(message, 'format'):
                frame = decode_compressed(message.data, message.format)
            else:
                frame = decode_image(
                    message.data, height=message.height, width=message.width,
                    encoding=message.encoding, step=message.step,
                    is_bigendian=bool(message.is_bigendian))
        except FrameError as error:
            raise DatasetError(f'{self._name}[{index}]: {error}') from error
        return frame.converted('mono' if frame.colour == 'mono' else 'rgb')


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    from rosbags.highlevel import AnyReader, AnyReaderError
    from rosbags.typesys import get_types_from_msg, get_typestore, Stores
    store = get_typestore(Stores.LATEST)
    for name, text in DEFINITIONS.items():
        if name not in store.types:
            store.register(get_types_from_msg(text, name))
    try:
        reader = AnyReader([path], default_typestore=store)
        reader.open()
    except (AnyReaderError, OSError) as error:
        raise DatasetError(f'{path}: cannot be read as a bag: {error}') from error
    try:
        yield reader
    finally:
        reader.close()


def _only(path: Path, reader: Any, kinds: tuple[str, ...], wanted: str | None, what: str) -> Any:
    found = [one for one in reader.connections if one.msgtype in kinds]
    chosen = [one for one in found if wanted in (None, one.topic)]
    if len({one.topic for one in chosen}) == 1:
        return chosen[0]
    topics = ', '.join(sorted({one.topic for one in found})) or 'none'
    reason = f'has no {what} topic {wanted or ""}'.rstrip() if not chosen else \
        f'has several {what} topics: name one'
    raise DatasetError(f'{path}: {reason}; of {what}s it has: {topics} '
                       f'(types {", ".join(kinds)}).')


def _labels_of(reader: Any, images: Any, labels: Any) -> list[str | None]:
    """Return the label of each image, None where there is none."""
    times: list[tuple[int, tuple[int, int] | None]] = []
    told: list[tuple[int, str | None]] = []
    by_stamp: dict[tuple[int, int], str] = {}
    for connection, time_ns, raw in reader.messages([images, labels]):
        message = reader.deserialize(raw, connection.msgtype)
        if connection.topic == images.topic:
            times.append((time_ns, _stamp(message)))
        elif hasattr(message, 'results'):
            if message.results:
                by_stamp[_stamp(message)] = message.results[0].class_id
        else:
            told.append((time_ns, str(message.data)))
    if by_stamp or not told:
        return [by_stamp.get(stamp) for _, stamp in times if stamp is not None]
    starts = [time_ns for time_ns, _ in told]
    before = partial(bisect_right, starts)
    return [told[before(time_ns) - 1][1] if before(time_ns) else None for time_ns, _ in times]


def _stamp(message: Any) -> tuple[int, int]:
    return message.header.stamp.sec, message.header.stamp.nanosec
