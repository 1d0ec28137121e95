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

"""ROS 2 bags: MCAP or SQLite, a folder or a file, compressed or not; no ROS is needed."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
import tempfile
from typing import Any, NamedTuple, Protocol

from digiphys_ros.archives import EXPANDED_BYTES, EXPANSION
from digiphys_ros.errors import ConfigError, FrameError, SourceError
from digiphys_ros.files import check_regular_file, open_regular, reason_of
from digiphys_ros.perception.frame import decode_compressed, decode_image, Frame
from digiphys_ros.perception.sources.bagtypes import (
    check_installed,
    Decoder,
    import_zstd,
    Topic,
    unpacked,
)
from digiphys_ros.perception.sources.db3file import Db3File
from digiphys_ros.perception.sources.folder import natural
from digiphys_ros.perception.sources.mcapfile import McapFile
from digiphys_ros.yamlfile import parse_mapping, read_yaml

IMAGES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
METADATA, INFORMATION = 'metadata.yaml', 'rosbag2_bagfile_information'
METADATA_BYTES = 4 << 20
"""Limit; for a bag of a thousand files it has about 300 kB."""
PACKED = '.zstd'
PACKED_MESSAGE = b'\x28\xb5\x2f\xfd'
"""First bytes of zstd data; a message starts with a zero."""
SHOWN = '/debug_image'
"""Suffixes of the topics with drawings of the classifier."""


class Storage(Protocol):
    """
    A file of a bag.

    :ivar topics: all topics.
    """

    topics: tuple[Topic, ...]

    def messages(self, wanted: Collection[str]) -> Iterator[tuple[Topic, int, bytes]]:
        """Yield topic, time of recording [ns] and bytes of each message of the wanted topics."""


STORAGES: dict[str, Callable[[Path, Callable[[str], None]], Storage]] = {
    '.mcap': McapFile, '.db3': Db3File}


class Message(NamedTuple):
    """A recorded message; ``time_ns`` is its recording time."""

    topic: Topic
    time_ns: int
    raw: bytes


def is_bag(path: Path) -> bool:
    """Return whether a path is a bag: its folder, or one of its files."""
    return bool(_files(path)) or (path.is_dir() and bool(_listed(path)))


def _files(path: Path) -> list[Path]:
    """Return the files of a bag in recorded order."""
    try:
        found = list(path.iterdir()) if path.is_dir() else [path]
    except OSError:
        return []
    files = sorted((file for file in found
                    if file.name.removesuffix(PACKED).endswith(tuple(STORAGES))),
                   key=lambda file: natural(file.name))
    # a killed recorder leaves both
    return [file for file in files if Path(str(file).removesuffix(PACKED)) not in files
            or not file.name.endswith(PACKED)]


def _listed(path: Path) -> list[str]:
    """Return the file names in the metadata of a bag."""
    file = path / METADATA
    try:
        open_regular(file, METADATA_BYTES).close()
        names = parse_mapping(file, read_yaml(file))[1][INFORMATION]['relative_file_paths']
        return [Path(name).name for name in names]
    except (ConfigError, OSError, KeyError, TypeError):
        return []


class BagFile:
    """
    A bag, which can be read from beginning to end several times.

    :ivar topics: all of them.
    :ivar damage: unreadable parts, in order of detection.
    :raises SourceError: when no part of it can be read.
    """

    def __init__(self, path: Path) -> None:
        check_installed(path)
        self.path, self.damage = path, list[str]()
        self._decoder = Decoder()
        files = _files(path)
        for name in _listed(path) if path.is_dir() else ():
            if name.removesuffix(PACKED) not in {one.name.removesuffix(PACKED) for one in files}:
                self._note(name, 'it is missing')
        self._storages = [one for one in map(self._opened, files) if one is not None]
        if not self._storages:
            raise SourceError(f'{path}: cannot be read as a bag: '
                              f'{"; ".join(self.damage) or "it holds no file of a bag"}.')
        self.topics = tuple({one.name: one for storage in reversed(self._storages)
                             for one in storage.topics}.values())

    def messages(self, *names: str) -> Iterator[Message]:
        """Yield the messages of these topics, file by file."""
        for storage in self._storages:
            for topic, time_ns, raw in storage.messages(names):
                try:
                    if raw.startswith(PACKED_MESSAGE):
                        raw = unpacked(raw, 'zstd')
                    yield Message(topic, time_ns, raw)
                except ValueError as error:
                    self._note(topic.name, f'the message of {time_ns * 1e-9:.3f} s: {error}')

    def decode(self, message: Message) -> Any:
        """
        Return a message with the fields of its type.

        :raises FrameError: when it is damaged.
        """
        return self._decoder.decode(message.topic, message.raw)

    def only(self, types: Collection[str], wanted: str | None, what: str, choose: str) -> Topic:
        """
        Return the only topic of these types, or the requested one.

        :param what: name of these types, for errors.
        :param choose: how to name one of several.
        :raises SourceError: when there is no such topic, or several.
        """
        found = {one.name: one for one in self.topics if one.type in types
                 and one.encoding == 'cdr'}
        chosen = [one for name, one in found.items()
                  if (name == wanted if wanted else not name.endswith(SHOWN))]
        if len(chosen) == 1:
            return chosen[0]
        reason = f'has several {what} topics: {choose}' if chosen else \
            f'has no {what} topic {wanted or ""}'.rstrip()
        raise SourceError(f'{self.path}: {reason}; of {what}s it has: '
                          f'{", ".join(sorted(found)) or "none"} (types {", ".join(types)}).'
                          f'{self._damaged()}')

    def _damaged(self) -> str:
        return f' Cannot be read: {"; ".join(self.damage)}.' if self.damage else ''

    def _note(self, name: str, reason: str) -> None:
        sentence = f'{name}: {reason}'
        if sentence not in self.damage:
            self.damage.append(sentence)

    def _opened(self, file: Path) -> Storage | None:
        def damage(reason: str) -> None:
            self._note(file.name, reason)
        try:
            check_regular_file(file)
            if not file.name.endswith(PACKED):
                return STORAGES[file.suffix](file, damage)
            # an open file stays readable after its removal
            with tempfile.TemporaryDirectory(prefix='digiphys_') as folder:
                whole = Path(folder, file.stem)
                _unpack(file, whole, damage)
                return STORAGES[whole.suffix](whole, damage)
        except (OSError, ValueError) as error:
            damage(reason_of(error))
            return None


def _unpack(file: Path, whole: Path, damage: Callable[[str], None]) -> None:
    """Decompress a file; of a truncated one its beginning."""
    zstd = import_zstd()
    most = max(EXPANDED_BYTES, EXPANSION * file.stat().st_size)
    with zstd.open(file, 'rb') as packed, open(whole, 'wb') as target:
        try:
            while piece := packed.read(1 << 20):
                target.write(piece)
                if target.tell() > most:
                    damage(f'it unpacks to more than {most} bytes')
                    return
        except (zstd.ZstdError, EOFError) as error:
            damage(f'zstd: {error}')


def frame_of(message: Any, least_size: tuple[int, int] | None = None) -> Frame:
    """
    Return the frame of an Image or CompressedImage.

    :param least_size: height and width to which a JPEG may be decoded.
    :raises FrameError: when it has no image.
    """
    try:
        if hasattr(message, 'format'):
            return decode_compressed(message.data, message.format, least_size)
        return decode_image(message.data, height=message.height, width=message.width,
                            encoding=message.encoding, step=message.step,
                            is_bigendian=bool(message.is_bigendian))
    except AttributeError as error:
        raise FrameError(f'the message is not an image: {error}.') from error
