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

"""Checkpoints: save a training after each epoch, to resume it from there."""

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
    Open a file that replaces ``path`` atomically after it is written.

    :raises TrainingError: when it cannot be written.
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
        raise TrainingError(f'{path}: cannot be written: {error.strerror or error}; the '
                            'previous file is intact: free disk space and continue with '
                            '--resume.') from error


def save(path: Path, variables: Sequence[Any], state: dict[str, Any]) -> None:
    """
    Write the values of Keras variables and a state, or keep the old file.

    :param state: any JSON data.
    :raises TrainingError: when it cannot be written.
    """
    arrays: dict[str, Any] = {
        _name(index): np.asarray(one) for index, one in enumerate(variables)}
    with replacing(path) as file:
        # NumPy before 2.1 saves `allow_pickle` as another array
        np.savez(file, state=np.array(json.dumps(state)), **arrays)


def read(path: Path, content: bytes) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """
    Return the state in a checkpoint and the values of its variables.

    :param path: path of the content, for errors.
    :raises TrainingError: when it is damaged.
    """
    try:
        with open_npz(io.BytesIO(content), MODEL_BYTES) as archive:
            state = parse_json(str(archive['state']))
            if not isinstance(state, dict) or not isinstance(state.get('history', []), list):
                raise ValueError('it has no valid state')
            # files of earlier releases with NumPy before 2.1 have another array
            count = sum(name.startswith(_name('')) for name in archive.files)
            return state, [archive[_name(index)] for index in range(count)]
    except BROKEN as error:
        raise TrainingError(f'{path}: is not a complete checkpoint ({error}): start without '
                            '--resume.') from error


def _name(index: int | str) -> str:
    return f'variable_{index}'


def fill(path: Path, variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    """
    Assign the values read from ``path`` to Keras variables.

    :raises TrainingError: when they belong to another network.
    """
    if [tuple(one.shape) for one in variables] != [value.shape for value in values]:
        raise TrainingError(f'{path}: belongs to another network: start without --resume.')
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
