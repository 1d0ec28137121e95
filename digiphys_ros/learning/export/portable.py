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

"""Save Keras files that other releases of Keras 3 can read."""

from importlib import import_module
import inspect
import json
from pathlib import Path
from typing import Any
import zipfile

CONFIG = 'config.json'

NEEDED = {'Rescaling': {'offset'}}
"""Options that Keras requires to read a layer."""


def save_portable(model: Any, path: Path) -> None:
    """
    Save a model without default options.

    Keras writes every option of every layer. Older releases refuse unknown options: 3.12, the last
    for Python 3.10, cannot read a file of 3.15. This function omits options with their default.

    :param path: ends in ``.keras``.
    """
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    parts[CONFIG] = json.dumps(_without_defaults(json.loads(parts[CONFIG]))).encode()
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _without_defaults(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_defaults(child) for child in node]
    if not isinstance(node, dict):
        return node
    found = {key: _without_defaults(child) for key, child in node.items()}
    if isinstance(found.get('config'), dict) and str(found.get('module')).startswith('keras'):
        defaults = _defaults(found['module'], found['class_name'])
        needed = NEEDED.get(found['class_name'], ())
        found['config'] = {key: value for key, value in found['config'].items()
                           if key in needed or key not in defaults or value != defaults[key]}
    return found


def _defaults(module: str, name: str) -> dict[str, Any]:
    parameters = inspect.signature(getattr(import_module(module), name)).parameters
    return {key: parameter.default for key, parameter in parameters.items()
            if parameter.default is not parameter.empty}
