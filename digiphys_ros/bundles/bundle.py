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

"""The model bundle: a folder with everything that is needed to run a trained model."""

from dataclasses import dataclass, replace
import errno
import hashlib
import json
from pathlib import Path
from typing import Any

from digiphys_ros.archives import BROKEN, open_npz
from digiphys_ros.bundles.manifest import BundleManifest, FileFormat, SCHEMA_VERSION
from digiphys_ros.bundles.preprocess_spec import PreprocessSpec, Roi
from digiphys_ros.errors import BundleError, first_problem
from digiphys_ros.files import MODEL_BYTES, open_regular, parse_json, read_text, reason_of
from digiphys_ros.folders import walk
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

MANIFEST = 'bundle.json'

GOLDEN_BYTES = 1 << 30
"""Limit of all golden frames, unpacked: five of 8192x8192 pixels."""
GOLDEN_FRAMES = 64
"""Limit; each is run when a model is loaded or swapped. Eight are written."""
PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Bundle:
    """
    A bundle with a verified hash.

    :ivar directory: its folder.
    :ivar manifest: the content of its ``bundle.json``.

    Example::

        >>> import digiphys_ros as dp
        >>> bundle = dp.load('sorting_line').bundle
        >>> bundle.manifest.name, bundle.labels, len(bundle.hash)
        ('sorting_line', ('defective', 'good', 'no_part'), 64)
    """

    directory: Path
    manifest: BundleManifest

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the class names, in the order of the logits."""
        return self.manifest.labels

    @property
    def spec(self) -> PreprocessSpec:
        """Return the preprocessing contract."""
        return self.manifest.preprocess

    @property
    def hash(self) -> str:
        """Return the content hash."""
        return self.manifest.content_hash

    def with_roi(self, roi: Roi) -> 'Bundle':
        """Return the bundle with another region of interest."""
        spec = self.spec.model_copy(update={'roi': roi})
        return replace(self, manifest=self.manifest.model_copy(update={'preprocess': spec}))

    def file(self, file_format: FileFormat) -> Path | None:
        """Return the model file or folder of a format, None if the bundle has none."""
        name = self.manifest.files.get(file_format)
        return None if name is None else _inside(self.directory, name)

    def golden(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """
        Return the golden frames and their expected logits.

        :return: (N, H, W, 3) or (N, H, W) uint8 in the contract's colors, (N, classes) float32.
        :raises BundleError: when they do not fit the manifest.
        """
        path = _inside(self.directory, self.manifest.golden)
        try:
            with open_npz(path, GOLDEN_BYTES) as arrays:
                frames, logits = arrays['frames'], arrays['logits']
        except BROKEN as error:
            raise BundleError(f'{path}: needs arrays `frames` and `logits`: {reason_of(error)}.'
                              ) from error
        are_images = frames.dtype == np.uint8 and frames.size and (
            frames.ndim == 3 or (frames.ndim == 4 and frames.shape[3] == 3))
        if not are_images or logits.dtype.kind != 'f' or logits.shape[:1] != frames.shape[:1]:
            raise BundleError(f'{path}: needs frames (N, H, W, 3) or (N, H, W) of uint8 and N '
                              f'rows of logits, received {frames.shape} {frames.dtype} and '
                              f'{logits.shape} {logits.dtype}.')
        check_golden_count(path, len(frames))
        if logits.shape[1:] != (len(self.labels),):
            raise BundleError(f'{path}: {len(self.labels)} labels, but logits of shape '
                              f'{logits.shape}: a label is missing or too many.')
        return frames, logits


def check_golden_count(path: Path, count: int) -> None:
    """
    Refuse more golden frames than a robot can run in a short time.

    :raises BundleError: when there are more than ``GOLDEN_FRAMES``.
    """
    if count > GOLDEN_FRAMES:
        raise BundleError(f'{path}: at most {GOLDEN_FRAMES} golden frames are run, received '
                          f'{count}: keep a few.')


def load_bundle(path: str | Path) -> Bundle:
    """
    Read and check a bundle; nothing in it is executed.

    :param path: the bundle's folder.
    :raises BundleError: naming file, field and problem.
    """
    directory = Path(path)
    file = directory / MANIFEST
    try:
        data = parse_json(read_text(file))
    except OSError as error:
        raise BundleError(f'{directory} is not a model bundle: {file.name} cannot be read '
                          f'({error.strerror}).') from error
    except ValueError as error:
        raise BundleError(f'{file}: is not JSON: {reason_of(error)}.') from error
    manifest = _parse(file, data)
    for name in (*manifest.files.values(), manifest.golden):
        _inside(directory, name)
    try:
        found = content_hash(directory, manifest)
    except OSError as error:
        raise BundleError(f'{error.filename or directory}: cannot be read: '
                          f'{reason_of(error)}.') from error
    if found != manifest.content_hash:
        raise BundleError(f'{directory}: the content hash is {found[:12]}, but {MANIFEST} says '
                          f'{manifest.content_hash[:12] or "nothing"}: a file was changed after '
                          'the bundle was written; export the model again.')
    return Bundle(directory, manifest)


def _parse(file: Path, data: Any) -> BundleManifest:
    version = data.get('schema_version') if isinstance(data, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise BundleError(f'{file}: schema_version is {version}, this release reads up to '
                          f'{SCHEMA_VERSION}: update digiphys_ros.')
    if not isinstance(version, int):
        # the first manifests had no version
        data = {'schema_version': 1, **data} if isinstance(data, dict) else data
    try:
        return BundleManifest.model_validate(data)
    except ValidationError as error:
        raise BundleError(f'{file}: {first_problem(error, "(whole file)")}') from error


def _inside(directory: Path, name: str) -> Path:
    """Return a file of the bundle; refuse a path outside of its folder."""
    root = directory.resolve()
    try:
        path = (root / name).resolve()
        exists = path.exists()
    except (OSError, ValueError) as error:
        raise BundleError(f'{directory / MANIFEST}: {name[:80]!r} is no file name: '
                          f'{reason_of(error)}.') from error
    if root not in path.parents:
        raise BundleError(f'{directory / MANIFEST}: "{name}" leads out of the bundle.')
    if not exists:
        raise BundleError(f'{directory}: "{name}" is named in {MANIFEST} but missing.')
    return path


def content_hash(directory: Path, manifest: BundleManifest) -> str:
    """Return the sha256 over the manifest (without the hash) and every file it names."""
    digest = hashlib.sha256()
    # omitted at the default, so that older bundles keep their hash
    left_out = {'content_hash'} | ({'use'} if manifest.use == 'control' else set())
    fields = {name: value for name, value in manifest.spelled().items() if name not in left_out}
    digest.update(json.dumps(fields, sort_keys=True).encode())
    for name in (*manifest.files.values(), manifest.golden):
        for file in _files(directory / name):
            digest.update(str(file.relative_to(directory)).encode())
            digest.update(_file_hash(file))
    return digest.hexdigest()


def _files(path: Path) -> list[Path]:
    """
    Return a file, or all files in a folder.

    :raises OSError: for a link in a folder: its target may be outside of the hash.
    """
    if not path.is_dir():
        return [path]
    found = sorted(walk(path))
    link = next((file for file in found if file.is_symlink()), None)
    if link is not None:
        raise OSError(errno.ELOOP, 'links are not followed in a model: put the file itself there',
                      str(link))
    return [file for file in found if not file.is_dir()]


def _file_hash(path: Path) -> bytes:
    digest = hashlib.sha256()
    try:
        with open_regular(path, MODEL_BYTES) as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
    except OSError as error:
        error.filename = str(path)
        raise
    return digest.digest()
