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

"""A .npz data set: images in `x` or `x_train`, with optional arrays."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digiphys_ros.archives import BROKEN, open_npz
from digiphys_ros.errors import SourceError
from digiphys_ros.files import reason_of
from digiphys_ros.perception.sources.reader import SourceFrame
import numpy as np
from numpy.typing import NDArray


class Npz:
    """
    The images of one array, in order.

    Classes come from ``y`` (``y_train``). With arrays ``track`` and ``frame`` each track is played
    in order of its frames, such as a car that approaches a sign.
    """

    live = False

    def __init__(self, path: Path) -> None:
        arrays = _arrays(path)
        name = next((name for name in ('x', 'x_train') if name in arrays), None)
        if name is None:
            raise SourceError(f'{path}: an array `x` or `x_train` of images is needed, found '
                              f'{", ".join(arrays) or "nothing"}.')
        self._images = arrays[name]
        _check_images(path, name, self._images)
        self._labels = arrays.get('y' + name[1:])
        self._order: Any = range(len(self._images))
        for other in ('y' + name[1:], 'track', 'frame'):
            if other in arrays and arrays[other].size != len(self._images):
                raise SourceError(f'{path}: `{other}` must hold one value for each of the '
                                  f'{len(self._images)} images, received '
                                  f'{arrays[other].shape}.')
        if 'track' in arrays and 'frame' in arrays:
            self._order = np.lexsort((arrays['frame'].ravel(), arrays['track'].ravel()))

    def frames(self, unreadable: list[str]) -> Iterator[SourceFrame]:
        """Yield views of the array."""
        encoding = 'rgb8' if self._images.ndim == 4 else 'mono8'
        for index in self._order:
            label = None if self._labels is None else str(self._labels[index].item())
            yield SourceFrame(self._images[index], encoding, label)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays to play, and the names of all others."""
    wanted = {'x', 'y', 'track', 'frame'}
    try:
        with open_npz(path) as archive:
            if 'x' not in archive.files:
                wanted = {'x_train', 'y_train', 'track', 'frame'}
            return {name: archive[name] if name in wanted else np.empty(0)
                    for name in archive.files}
    except BROKEN as error:
        raise SourceError(f'{path}: cannot be read as .npz: {reason_of(error)}.') from error


def _check_images(path: Path, name: str, images: NDArray[Any]) -> None:
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or 0 in images.shape[1:] \
            or images.shape[3:] not in ((), (3,)):
        raise SourceError(f'{path}: `{name}` must be (N, H, W) or (N, H, W, 3) uint8, '
                          f'received {images.shape} {images.dtype}.')
