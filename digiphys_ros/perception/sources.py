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

"""What the camera node can play: folders, videos, devices and data sets. No ROS."""

from collections.abc import Iterator
import csv
from dataclasses import dataclass
import io
from pathlib import Path
import re
import time
from typing import Any
import zipfile

import cv2
from digiphys_ros.errors import SourceError
import numpy as np
from numpy.typing import NDArray

IMAGE_ENDINGS = ('.jpg', '.jpeg', '.png', '.webp', '.bmp', '.ppm')
KINDS = 'a folder of images, a video file, a device (/dev/video0), a .npz or a .zip data set'


@dataclass(frozen=True)
class SourceFrame:
    """
    One frame to play.

    :ivar pixels: (H, W, 3) or (H, W), uint8.
    :ivar encoding: rgb8, bgr8 or mono8.
    :ivar label: true class where it is known; an index as text for a data set without names.
    :ivar time_s: recorded time in seconds since the first frame, where it is known.
    """

    pixels: NDArray[Any]
    encoding: str
    label: str | None = None
    time_s: float | None = None


def open_source(uri: str, *, loop: bool = False) -> Iterator[SourceFrame]:
    """
    Return the frames of ``uri``; files are read as they are needed.

    A file that cannot be read as an image is passed over.

    :raises SourceError: when there is nothing of that name, or nothing to play in it.
    """
    frames = _frames(uri)
    # The first frame is fetched here, so that an empty source is told before anything starts.
    first = next(frames, None)
    if first is None:
        raise SourceError(f'{uri}: holds no readable image.')
    return _play(uri, first, frames, loop)


def _play(uri: str, first: SourceFrame, frames: Iterator[SourceFrame],
          loop: bool) -> Iterator[SourceFrame]:
    yield first
    yield from frames
    while loop:
        yield from _frames(uri)


def _frames(uri: str) -> Iterator[SourceFrame]:
    path = Path(uri).expanduser()
    if uri.isdigit() or (path.exists() and path.is_char_device()):
        return _device(uri)
    if not path.exists():
        raise SourceError(f'{uri}: does not exist; a source is {KINDS}.')
    if path.is_dir():
        return _folder(path)
    if path.suffix == '.npz':
        return _npz(path)
    if path.suffix == '.zip':
        return _zip(path)
    return _video(path)


def _natural(name: str) -> list[Any]:
    """Return a sort key under which frame_10 comes after frame_9."""
    return [int(part) if part.isdigit() else part for part in re.split(r'(\d+)', name)]


def _decoded(data: bytes) -> NDArray[Any] | None:
    if not data:
        return None
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return pixels if pixels is not None and pixels.size else None


def _folder(path: Path) -> Iterator[SourceFrame]:
    files = sorted((file for file in path.rglob('*') if file.suffix.lower() in IMAGE_ENDINGS),
                   key=lambda file: _natural(str(file)))
    for file in files:
        pixels = _decoded(file.read_bytes())
        if pixels is not None:
            yield SourceFrame(pixels, 'bgr8', file.parent.name if file.parent != path else None)


def _video(path: Path) -> Iterator[SourceFrame]:
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise SourceError(f'{path}: cannot be opened as a video; a source is {KINDS}.')
    rate_hz = capture.get(cv2.CAP_PROP_FPS)
    period_s = 1.0 / rate_hz if rate_hz > 0 else None
    try:
        index = 0
        while True:
            read, pixels = capture.read()
            if not read:
                return
            yield SourceFrame(pixels, 'bgr8', None, index * period_s if period_s else None)
            index += 1
    finally:
        capture.release()


def _device(uri: str) -> Iterator[SourceFrame]:
    capture = cv2.VideoCapture(int(uri) if uri.isdigit() else uri, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise SourceError(f'{uri}: the camera cannot be opened; is it there, free, and are you '
                          'in the group `video`?')
    # one buffer: the newest picture, not the oldest one that nobody fetched
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    started_s = time.monotonic()
    try:
        while True:
            read, pixels = capture.read()
            if not read:
                raise SourceError(f'{uri}: the camera gives no more pictures.')
            yield SourceFrame(pixels, 'bgr8', None, time.monotonic() - started_s)
    finally:
        capture.release()


def _npz(path: Path) -> Iterator[SourceFrame]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise SourceError(f'{path}: cannot be read as .npz: {error}') from error
    found = [(x, y) for x, y in (('x', 'y'), ('x_train', 'y_train')) if x in arrays]
    if not found:
        raise SourceError(f'{path}: an array `x` or `x_train` of images is needed, found '
                          f'{", ".join(arrays) or "nothing"}.')
    images, labels = arrays[found[0][0]], arrays.get(found[0][1])
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or images.shape[3:] not in ((), (3,)):
        raise SourceError(f'{path}: `{found[0][0]}` must be (N, H, W) or (N, H, W, 3) uint8, '
                          f'received {images.shape} {images.dtype}.')
    order: Any = range(len(images))
    if 'track' in arrays and 'frame' in arrays:
        # a track is a car driving up to one sign
        order = np.lexsort((arrays['frame'], arrays['track']))
    encoding = 'rgb8' if images.ndim == 4 else 'mono8'
    for index in order:
        label = None if labels is None else str(labels[index].item())
        yield SourceFrame(images[index], encoding, label)


def _zip(path: Path) -> Iterator[SourceFrame]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise SourceError(f'{path}: cannot be read as .zip: {error}') from error
    with archive:
        names = archive.namelist()
        tables = [name for name in names if name.endswith('labels.csv')]
        yield from _log(archive, tables[0]) if tables else _class_folders(archive, names)


def _class_folders(archive: zipfile.ZipFile, names: list[str]) -> Iterator[SourceFrame]:
    for name in sorted(names, key=_natural):
        if Path(name).suffix.lower() not in IMAGE_ENDINGS:
            continue
        pixels = _decoded(archive.read(name))
        if pixels is not None:
            yield SourceFrame(pixels, 'bgr8', Path(name).parent.name or None)


def _log(archive: zipfile.ZipFile, table: str) -> Iterator[SourceFrame]:
    """Yield a driving log: columns file, timestamp_ms and session; sessions one after another."""
    rows = list(csv.DictReader(io.TextIOWrapper(archive.open(table), 'utf-8')))
    missing = {'file', 'timestamp_ms'} - set(rows[0] if rows else ())
    if missing:
        raise SourceError(f'{archive.filename}: {table} needs the columns '
                          f'{", ".join(sorted(missing))}.')
    folder, names = Path(table).parent, set(archive.namelist())
    rows.sort(key=lambda row: (row.get('session', ''), float(row['timestamp_ms'])))
    offset_s, last_s, session = 0.0, 0.0, None
    for row in rows:
        recorded_s = float(row['timestamp_ms']) * 1e-3
        if session != row.get('session', ''):
            session, offset_s = row.get('session', ''), recorded_s - last_s
        last_s = recorded_s - offset_s
        name = next((name for name in (str(folder / row['file']), str(folder / 'images'
                     / row['file'])) if name in names), None)
        pixels = _decoded(archive.read(name)) if name else None
        if pixels is not None:
            yield SourceFrame(pixels, 'bgr8', None, last_s)
