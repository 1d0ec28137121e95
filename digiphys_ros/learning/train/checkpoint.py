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

"""A training written to disk after each epoch, so that it can go on from there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import io
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from digiphys_ros.archives import BROKEN, open_npz
from digiphys_ros.errors import TrainingError
from digiphys_ros.files import MODEL_BYTES, parse_json
import numpy as np
from numpy.typing import NDArray


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """
    Open a file that takes the place of ``path`` once it is written whole, or never.

    :raises TrainingError: when the disk does not take it.
    """
    work = path.with_name(f'.{path.name}.new')
    try:
        with open(work, 'wb') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(work, path)
    except OSError as error:
        work.unlink(missing_ok=True)
        raise TrainingError(f'{path}: cannot be written: {error.strerror or error}; what stood '
                            'there before is whole: make room and go on with --resume.') from error


def save(path: Path, variables: Sequence[Any], state: dict[str, Any]) -> None:
    """
    Write the values of Keras variables and a state, or leave what was there.

    :param state: anything JSON can hold.
    :raises TrainingError: when the disk does not take it.
    """
    arrays: dict[str, Any] = {
        _name(index): np.asarray(one) for index, one in enumerate(variables)}
    with replacing(path) as file:
        # NumPy before 2.1 takes `allow_pickle` for one more array
        np.savez(file, state=np.array(json.dumps(state)), **arrays)


def read(path: Path, content: bytes) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """
    Return the state in a checkpoint and the values of its variables.

    :param path: the file that the content is of, for errors.
    :raises TrainingError: when it is damaged.
    """
    try:
        with open_npz(io.BytesIO(content), MODEL_BYTES) as archive:
            state = parse_json(str(archive['state']))
            if not isinstance(state, dict) or not isinstance(state.get('history', []), list):
                raise ValueError('its state is none')
            # with NumPy before 2.1 there is an array more in files of earlier releases
            count = sum(name.startswith(_name('')) for name in archive.files)
            return state, [archive[_name(index)] for index in range(count)]
    except BROKEN as error:
        raise TrainingError(f'{path}: is no whole checkpoint ({error}): start without '
                            '--resume.') from error


def _name(index: int | str) -> str:
    return f'variable_{index}'


def fill(path: Path, variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    """
    Give Keras variables the values read from ``path``.

    :raises TrainingError: when they are those of another network.
    """
    if [tuple(one.shape) for one in variables] != [value.shape for value in values]:
        raise TrainingError(f'{path}: belongs to another network: start without --resume.')
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
