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

"""Write a model bundle atomically."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any

from digiphys_ros.bundles.bundle import (
    Bundle,
    check_golden_count,
    content_hash,
    load_bundle,
    MANIFEST,
)
from digiphys_ros.bundles.manifest import BundleManifest, FileFormat, GOLDEN, SCHEMA_VERSION
from digiphys_ros.errors import BundleError
import numpy as np
from numpy.typing import NDArray

CARD = 'MODEL_CARD.md'


def write_bundle(directory: str | Path, manifest: BundleManifest, *,
                 files: Mapping[FileFormat, Path], frames: NDArray[Any], logits: NDArray[Any],
                 card: str) -> Bundle:
    """
    Write a bundle atomically.

    :param directory: the bundle's folder; an existing bundle is replaced.
    :param manifest: its ``files`` and ``content_hash`` are filled in here.
    :param files: file format -> model file or folder, to be copied.
    :param frames: golden frames, (N, H, W, 3) or (N, H, W) uint8.
    :param logits: the logits of these frames, (N, classes).
    :param card: text of MODEL_CARD.md.
    :raises BundleError: when the folder holds something else, cannot be written, or there are too
        many golden frames.
    """
    target = Path(directory)
    check_target(target)
    check_golden_count(target, len(frames))
    try:
        with replacing_folder(target) as work:
            names = _copy(files, work)
            np.savez_compressed(work / GOLDEN, frames=frames, logits=logits.astype(np.float32))
            filled = manifest.model_copy(update={
                'schema_version': SCHEMA_VERSION, 'files': names, 'golden': GOLDEN})
            filled = filled.model_copy(update={'content_hash': content_hash(work, filled)})
            (work / MANIFEST).write_text(
                filled.model_dump_json(indent=2) + '\n', encoding='utf-8')
            (work / CARD).write_text(card, encoding='utf-8')
    except OSError as error:
        raise BundleError(f'{target}: the bundle cannot be written: {error.strerror or error}.'
                          ) from error
    return load_bundle(target)


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """
    Make a folder that replaces ``target`` atomically after it is filled.

    :raises OSError: when it cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{target.name}.', dir=target.parent) as folder:
        # the inner folder is moved, the rest is deleted
        work = Path(folder, target.name)
        work.mkdir()
        yield work
        _replace(work, target)


def check_target(directory: str | Path, marker: str = MANIFEST, what: str = 'bundle') -> None:
    """
    Check that a bundle may be written there: an empty place, or a bundle to replace.

    :param marker: the file that identifies a bundle, or another folder made here, named ``what``.
    :raises BundleError: when something else would be lost.
    """
    target = Path(directory)
    try:
        free = not target.exists() or (target.is_dir() and (
            (target / marker).is_file() or not any(target.iterdir())))
    except OSError as error:
        raise BundleError(f'{target}: cannot be accessed: {error.strerror}.') from error
    if not free:
        raise BundleError(f'{target}: already exists and is not a {what}; choose another '
                          'output folder.')


def _copy(files: Mapping[FileFormat, Path], work: Path) -> dict[FileFormat, str]:
    for path in files.values():
        if path.is_dir():
            shutil.copytree(path, work / path.name)
        else:
            shutil.copyfile(path, work / path.name)
    return {file_format: path.name for file_format, path in files.items()}


def _replace(work: Path, target: Path) -> None:
    old = target.with_name(f'.{target.name}.old')
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.replace(target, old)
    os.replace(work, target)
    shutil.rmtree(old, ignore_errors=True)
