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

"""Labelled images and how they are split."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digiphys_ros.errors import DatasetError
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ImageSet:
    """
    Images with classes and groups.

    :ivar images: (N, H, W, 3) or (N, H, W), uint8, RGB.
    :ivar labels: (N,) index of the class.
    :ivar groups: (N,) images of one group (a track, a patient) stay on one side of a split.
    """

    images: NDArray[Any]
    labels: NDArray[Any]
    groups: NDArray[Any]

    def take(self, indices: NDArray[Any]) -> 'ImageSet':
        """Return the images at ``indices``."""
        return ImageSet(self.images[indices], self.labels[indices], self.groups[indices])

    def joined(self, images: NDArray[Any], label: int) -> 'ImageSet':
        """Return this set with more images of one class, each a group of its own."""
        first = int(self.groups.max()) + 1
        return ImageSet(
            np.concatenate([self.images, images]),
            np.concatenate([self.labels, np.full(len(images), label)]),
            np.concatenate([self.groups, np.arange(first, first + len(images))]))


def load_npz(path: str | Path) -> ImageSet:
    """
    Read images ``x``, classes ``y`` and, where there are any, groups ``track``.

    :raises DatasetError: naming the array that is missing or of the wrong shape.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError) as error:
        raise DatasetError(f'{path}: cannot be read as .npz: {error}') from error
    for name in ('x', 'y'):
        if name not in arrays:
            raise DatasetError(f'{path}: needs an array `{name}`, found '
                               f'{", ".join(arrays) or "nothing"}.')
    images, labels = arrays['x'], arrays['y'].astype(np.int64)
    groups = arrays.get('track', np.arange(len(images)))
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise DatasetError(f'{path}: `x` must be (N, H, W, 3) or (N, H, W) uint8, received '
                           f'{images.shape} {images.dtype}.')
    if not len(images) == len(labels) == len(groups) or labels.ndim != 1:
        raise DatasetError(f'{path}: `x`, `y` and `track` must be equally long, received '
                           f'{len(images)}, {len(labels)} and {len(groups)}.')
    if len(np.unique(labels)) < 2:
        raise DatasetError(f'{path}: `y` must hold at least two classes, received '
                           f'{np.unique(labels).tolist()}.')
    return ImageSet(images, labels, groups)


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the class names in a file with one name a line, in the order of their indices."""
    names = tuple(line.strip() for line in path.read_text(encoding='utf-8').splitlines()
                  if line.strip())
    if len(set(names)) != len(names) or len(names) < 2:
        raise DatasetError(f'{path}: needs at least two different names, one a line, received '
                           f'{len(names)} lines with {len(set(names))} different names.')
    return names


def split_by_group(data: ImageSet, share: float, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """
    Split into training and validation indices, whole groups at a time, class by class.

    :param share: part of each class's groups to hold out, at least one group where it has two.
    :return: (training, validation) indices.
    """
    rng = np.random.default_rng(seed)
    held_out: list[int] = []
    for label in np.unique(data.labels):
        groups = np.unique(data.groups[data.labels == label])
        count = max(round(share * len(groups)), 1) if len(groups) > 1 else 0
        held_out += rng.permutation(groups)[:count].tolist()
    validation = np.isin(data.groups, held_out)
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def background_crops(source: str, count: int, size_px: int, seed: int) -> NDArray[Any]:
    """
    Return square cut-outs of pictures that hold none of the classes.

    :param source: anything the camera can play.
    :return: (count, size_px, size_px, 3) uint8, RGB.
    """
    import cv2
    from digiphys_ros.perception.frame import Frame
    from digiphys_ros.perception.sources import open_source
    rng = np.random.default_rng(seed)
    colours: dict[str, Any] = {'bgr8': 'bgr', 'rgb8': 'rgb', 'mono8': 'mono'}
    pictures = [Frame(frame.pixels, colours[frame.encoding]) for frame in open_source(source)]
    crops = []
    for index in rng.integers(0, len(pictures), count):
        pixels = pictures[index].converted('rgb')
        side = int(rng.integers(min(pixels.shape[:2]) // 4, min(pixels.shape[:2]) + 1))
        top = int(rng.integers(0, pixels.shape[0] - side + 1))
        left = int(rng.integers(0, pixels.shape[1] - side + 1))
        crops.append(cv2.resize(pixels[top:top + side, left:left + side], (size_px, size_px),
                                interpolation=cv2.INTER_AREA))
    return np.stack(crops)
