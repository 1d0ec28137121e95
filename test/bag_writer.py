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

"""Write ROS 2 bags for tests, with the library rosbags."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
CLASSIFICATION, TEXT = 'vision_msgs/msg/Classification', 'std_msgs/msg/String'


def pixels(value: int, size: tuple[int, int] = (6, 8)) -> NDArray[np.uint8]:
    """Return pixels in the order red, green, blue, all different."""
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[:] = value, 100, 200
    return pixels


def typestore() -> Any:
    """Return the types of Humble, and those of vision_msgs."""
    from digiphys_ros.perception.sources.bagtypes import DEFINITIONS
    from rosbags.typesys import get_types_from_msg, get_typestore, Stores
    store = get_typestore(Stores.ROS2_HUMBLE)
    for name, text in DEFINITIONS.items():
        if name not in store.types:
            store.register(get_types_from_msg(text, name))
    return store


def write_messages(path: Path, messages: Iterable[tuple[str, str, int, bytes]],
                   plugin: str = 'MCAP', compression: str = '', topics: Sequence[str] = ()
                   ) -> Path:
    """
    Write topic, type, time of recording [ns] and bytes of each message.

    :param compression: file, message or storage; empty for none.
    :param topics: of images, of which there are no messages.
    :return: the folder.
    """
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
    store = typestore()
    writer = Writer(path, version=9, storage_plugin=StoragePlugin[plugin])
    if compression:
        writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
    with writer as bag:
        known = {topic: bag.add_connection(topic, IMAGE, typestore=store) for topic in topics}
        for topic, kind, time_ns, raw in messages:
            if topic not in known:
                known[topic] = bag.add_connection(topic, kind, typestore=store)
            bag.write(known[topic], time_ns, raw)
    return path


def image(store: Any, pixels: NDArray[Any], second: int) -> bytes:
    """Return the bytes of an Image of this stamp."""
    height, width = pixels.shape[:2]
    message = store.types[IMAGE](
        header=header(store, second), height=height, width=width, encoding='rgb8', is_bigendian=0,
        step=3 * width, data=pixels.reshape(-1))
    return bytes(store.serialize_cdr(message, IMAGE))


def header(store: Any, second: int) -> Any:
    """Return a header of this stamp."""
    stamp = store.types['builtin_interfaces/msg/Time'](sec=second, nanosec=5)
    return store.types['std_msgs/msg/Header'](stamp=stamp, frame_id='lens')


def label(store: Any, name: str, second: int, kind: str = CLASSIFICATION) -> bytes:
    """Return the bytes of a label of the image of this stamp."""
    if kind == TEXT:
        return bytes(store.serialize_cdr(store.types[kind](data=name), kind))
    result = store.types['vision_msgs/msg/ObjectHypothesis'](class_id=name, score=1.0)
    return bytes(store.serialize_cdr(
        store.types[kind](header=header(store, second), results=[result]), kind))


def write_bag(path: Path, plugin: str, labels: Sequence[str | None], *,
              kind: str | None = CLASSIFICATION, compression: str = '') -> Path:
    """Write images 0, 1, ... and a label for each; None is an image without."""
    store = typestore()

    def messages() -> Iterable[tuple[str, str, int, bytes]]:
        for index, name in enumerate(labels):
            time_ns = (index + 1) * 1_000_000_000
            if name is not None and kind is not None:
                yield '/label', kind, time_ns - 10, label(store, name, index, kind)
            yield '/camera/image_raw', IMAGE, time_ns, image(store, pixels(index), index)
    return write_messages(path, messages(), plugin, compression)
