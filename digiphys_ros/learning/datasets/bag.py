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
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from digiphys_ros.errors import DatasetError, FrameError, SourceError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.folder import UNLABELLED
from digiphys_ros.learning.datasets.memory import ScratchFile
from digiphys_ros.perception.bit_depth import BitDepth
from digiphys_ros.perception.sources.bagfile import BagFile, frame_of, IMAGES, Message
from digiphys_ros.perception.sources.folder import natural
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

LABELS = ('vision_msgs/msg/Classification', 'std_msgs/msg/String', 'std_msgs/msg/Int32')


def open_bag(path: Path, image_topic: str | None = None, label_topic: str | None = None,
             labelled: bool = True, least_size: tuple[int, int] | None = None,
             bit_depth: int = 0) -> Dataset:
    """
    Return the images of a bag with the labels that were published for them.

    A Classification belongs to the image with the same stamp. A String or Int32 is valid until the
    next one. Unlabelled and unreadable images are left out. Consecutive images with one label are
    a group: they show the same object. The images are copied to a temporary file, as a bag can
    only be read from its beginning.

    :param image_topic: required if there are several image topics.
    :param label_topic: required if there are several label topics.
    :param labelled: False accepts a bag without labels; all images are one class.
    :param least_size: height and width to which a JPEG may be decoded, as on the robot.
    :param bit_depth: used bits of a 16-bit pixel; 0 detects them.
    :raises DatasetError: when a topic is missing or ambiguous.
    """
    try:
        bag = BagFile(path)
        images = bag.only(IMAGES, image_topic, 'image', 'name one with --image-topic')
        labels = None
        if labelled or any(one.type in LABELS for one in bag.topics):
            labels = bag.only(LABELS, label_topic, 'label', 'name one with --label-topic')
    except SourceError as error:
        raise DatasetError(str(error)) from error
    read = _Reader(bag, images.name, least_size, BitDepth(bit_depth))
    names = [UNLABELLED] * len(read.images) if labels is None \
        else _labels_of(bag, labels.name, read)
    return _dataset(path, read, names)


def _dataset(path: Path, read: '_Reader', names: Sequence[str | None]) -> Dataset:
    keys = [f'{read.topic}[{image.number}]' for image in read.images]
    chosen = [index for index, name in enumerate(names) if name is not None]
    if not chosen:
        raise DatasetError(f'{path}: no image of {read.topic} has a label.'
                           + ''.join(f' {one}.' for one in read.damage()))
    labels = tuple(sorted({name for name in names if name is not None}, key=natural))
    index_of = {name: number for number, name in enumerate(labels)}
    classes = np.array([-1 if name is None else index_of[name] for name in names], np.int64)
    followed = classes[chosen]
    groups = np.r_[0, np.cumsum(np.diff(followed) != 0)] if len(labels) > 1 \
        else np.arange(len(followed))
    skipped = (*read.damage(), *(f'{key} without a label'
                                 for key, name in zip(keys, names, strict=True) if name is None))
    data = Dataset(str(path), labels, followed, groups, tuple(keys[index] for index in chosen),
                   lambda index: read(chosen[index]), skipped=skipped)
    return data if len(labels) == 1 else replace(
        data, grouping='images of one label that follow each other')


@dataclass(frozen=True)
class _Image:
    """
    Position of an image in the temporary file.

    :ivar number: index among the messages of its topic.
    :ivar bits: used bits of its 16-bit pixels, as the classifier assumed at that image.
    """

    number: int
    time_ns: int
    stamp: tuple[int, int]
    start: int
    size: int
    bits: int


class _Reader:
    """
    Read one image of a topic from a temporary file of recorded messages.

    :ivar images: the readable ones.
    """

    def __init__(self, bag: BagFile, topic: str, least_size: tuple[int, int] | None,
                 depth: BitDepth) -> None:
        self.topic = topic
        self.images: list[_Image] = []
        self._bag, self._least_size = bag, least_size
        self._scratch = ScratchFile(str(bag.path))
        self._broken: list[str] = []
        for number, message in enumerate(tqdm(
                bag.messages(topic), desc='unpacking images', disable=None)):
            try:
                content = bag.decode(message)
                frame = depth.steady(frame_of(content, least_size))
            except FrameError as error:
                self._broken.append(f'{topic}[{number}]: {error}')
                continue
            self._topic = message.topic
            self.images.append(_Image(
                number, message.time_ns, _stamp(content), self._scratch.append(message.raw),
                len(message.raw), frame.bits))

    def damage(self) -> list[str]:
        """Return the errors of the bag, and the unreadable images of the topic."""
        return [*self._bag.damage, *self._broken]

    def __call__(self, index: int) -> NDArray[Any]:
        image = self.images[index]
        raw = self._scratch.read(image.start, image.size)
        try:
            message = self._bag.decode(Message(self._topic, image.time_ns, raw))
            frame = replace(frame_of(message, self._least_size), bits=image.bits)
        except FrameError as error:
            raise DatasetError(f'{self._bag.path}: {self.topic}[{image.number}]: {error}'
                               ) from error
        return frame.converted('mono' if frame.color == 'mono' else 'rgb')


def _labels_of(bag: BagFile, topic: str, read: _Reader) -> list[str | None]:
    """Return the label of each image, None where there is none."""
    labels: list[tuple[int, str]] = []
    by_stamp: dict[tuple[int, int], str] = {}
    for message in bag.messages(topic):
        try:
            content = bag.decode(message)
        except FrameError as error:
            bag.damage.append(f'{topic}: the message of {message.time_ns * 1e-9:.3f} s: {error}')
            continue
        if not hasattr(content, 'results'):
            labels.append((message.time_ns, str(content.data)))
        elif content.results:
            by_stamp[_stamp(content)] = content.results[0].class_id
    if not labels:
        return [by_stamp.get(image.stamp) for image in read.images]
    labels.sort(key=lambda one: one[0])
    starts = [time_ns for time_ns, _ in labels]
    before = [bisect_right(starts, image.time_ns) for image in read.images]
    return [labels[count - 1][1] if count else None for count in before]


def _stamp(message: Any) -> tuple[int, int]:
    return message.header.stamp.sec, message.header.stamp.nanosec
