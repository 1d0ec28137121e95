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

"""
Load untrusted ``.keras`` files.

Keras builds all objects in the file. In safe mode it refuses lambdas, but still reads files of
lookup layers, loads other SavedModels, and follows links to other weight files. Only layers and
functions of Keras that just compute are allowed.
"""

from collections.abc import Iterator
import io
from pathlib import Path
import re
from typing import Any
import zipfile

from digiphys_ros.archives import BROKEN, open_zip, read_entry
from digiphys_ros.errors import EngineError
from digiphys_ros.files import MODEL_BYTES, parse_json, reason_of, TEXT_BYTES

CONFIG, WEIGHTS = 'config.json', 'model.weights.h5'
CONFIG_DEPTH = 200
"""A model in a model takes eight more."""
ENTRIES = {CONFIG, WEIGHTS, 'metadata.json'}
MODULES = re.compile(
    r'keras(\.(src\.)?(layers|initializers|regularizers|constraints|activations|models|ops|'
    r'quantizers|dtype_policies|optimizers|losses|metrics)(\.\w+)*)?')
PLAIN = {'__keras_tensor__', '__tensor__', '__numpy__', '__bytes__', '__ellipsis__', '__slice__'}
UNSAFE = {'FlaxLayer', 'IntegerLookup', 'JaxLayer', 'Lambda', 'StringLookup', 'TFSMLayer',
          'TextVectorization', 'TorchModuleWrapper'}
"""Layers that run code, or read files named in the model."""
FUNCTIONS = re.compile(r'(keras\.(src\.)?(activations|ops)(\.\w+)*|builtins)')


def load_keras(path: str | Path) -> Any:
    """
    Return the model in a ``.keras`` file, not compiled.

    :raises EngineError: when it is not such a file, or does more than compute.
    """
    path = Path(path)
    check_keras(path)
    import keras
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # layers raise many types for wrong arguments
        raise EngineError(f'{path}: Keras cannot load it: {reason_of(error)[:300]}.') from error


def check_keras(path: Path) -> None:
    """
    Check a ``.keras`` file without building objects.

    :raises EngineError: as ``load_keras``.
    """
    # Keras reads files with other endings as HDF5, without safe mode
    if path.suffix != '.keras':
        raise EngineError(f'{path}: a Keras model has to be a .keras file: save it again as one.')
    try:
        with open_zip(path) as archive:
            other = {info.filename for info in archive.infolist()} - ENTRIES
            if other:
                raise zipfile.BadZipFile(f'it holds {min(other)[:80]!r}, which no model needs')
            _check_config(parse_json(
                read_entry(archive, CONFIG, TEXT_BYTES), CONFIG_DEPTH))
            if WEIGHTS in archive.namelist():
                _check_weights(read_entry(archive, WEIGHTS, MODEL_BYTES))
    except BROKEN as error:
        raise EngineError(f'{path}: is no Keras model that can be loaded: '
                          f'{reason_of(error)[:300]}.') from error


def _check_config(config: Any) -> None:
    for one in _objects(config):
        name, module = str(one['class_name']), one.get('module')
        if not _computes(name, module, one.get('registered_name')):
            raise ValueError(
                f'{str(module or "")[:80]}.{name[:80]} may run code or read files: only layers '
                'and functions of Keras that compute are loaded')


def _computes(name: str, module: Any, registered: Any) -> bool:
    """Return whether Keras may build an object of this name: part of Keras, and harmless."""
    if module is None:
        return name in PLAIN
    if name == 'function':
        return FUNCTIONS.fullmatch(str(module)) is not None
    return MODULES.fullmatch(str(module)) is not None and name not in UNSAFE and \
        not name.startswith('__') and registered in (None, name)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects with a class name; ``parse_json`` has limited the depth."""
    if isinstance(value, dict):
        if 'class_name' in value:
            yield value
        for part in value.values():
            yield from _objects(part)
    elif isinstance(value, list):
        for part in value:
            yield from _objects(part)


def _check_weights(content: bytes) -> None:
    """Check for links to other files, and for arrays larger than the stored data."""
    import h5py
    with h5py.File(io.BytesIO(content), 'r') as file:
        waiting: list[Any] = [file]
        seen: set[Any] = set()
        while waiting:
            group = waiting.pop()
            if (token := h5py.h5o.get_info(group.id).addr) in seen:
                continue
            seen.add(token)
            for name in group:
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise ValueError(f'its weights hold a link, {name[:80]!r}')
                one = group[name]
                if isinstance(one, h5py.Group):
                    waiting.append(one)
                elif not isinstance(one, h5py.Dataset):
                    raise ValueError(f'its weights {name[:80]!r} are a type of data, no values')
                elif one.is_virtual or one.external or one.nbytes > MODEL_BYTES:
                    raise ValueError(f'its weights {name[:80]!r} lie in another file or are too '
                                     'large')
