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

"""Locate the package's own files: config, models, launch, worlds."""

from collections.abc import Sequence
from pathlib import Path
import sys

from digiphys_ros.errors import ConfigError, did_you_mean
from digiphys_ros.renamed import new_file, warn_renamed

PACKAGE = 'digiphys_ros'
LAUNCH_PREFIX = 'launch_params_'
"""Prefix of the files that launch writes from values on its command line."""


def share_dir() -> Path:
    """
    Return the folder that holds config, launch and models.

    It is the source tree for a checkout or an editable install, the ament prefix under colcon, the
    folder of ``pip install --target``, and the interpreter's prefix after ``pip install``.
    """
    source_tree = Path(__file__).resolve().parent.parent
    # pip --target into the folder of another package puts that one's package.xml there
    if all((source_tree / name).is_file() for name in ('package.xml', 'config/parameters.yaml')):
        return source_tree
    for prefix in _prefixes():
        if (prefix / 'share' / PACKAGE / 'package.xml').is_file():
            return prefix / 'share' / PACKAGE
    raise ConfigError(
        f'The shared files of {PACKAGE} were not found next to {source_tree}; install the package '
        'with colcon or pip, or run from its source tree.')


def _prefixes() -> list[Path]:
    # site-packages itself for pip --target; its parents for the prefix of colcon or pip --prefix
    package_parents = Path(__file__).resolve().parents
    return [*package_parents[1:6], Path(sys.prefix)]


def find_resource(name: str, folder: str) -> Path:
    """
    Resolve a file or folder named in a parameter.

    :param name: an absolute path, a path relative to the working directory, or the name of
        a file or folder shipped in ``folder``, with or without ``.yaml``. A name of an earlier
        release is found with a warning.
    :param folder: the shipped folder to look in: ``config``, ``models``, ...
    :return: an existing path.
    :raises ConfigError: when it does not exist, with the places that were searched.
    """
    if not name:
        raise ConfigError(f'A path or a name in {folder}/ is needed, received "".')
    shipped = share_dir() / folder
    try:
        for one in filter(None, (name, new_file(name))):
            for candidate in (Path(one).expanduser(), shipped / one, shipped / f'{one}.yaml'):
                if candidate.exists():
                    if one != name:
                        warn_renamed(name, one)
                    return candidate.resolve()
    except (OSError, RuntimeError) as error:
        # an unknown home folder, a name that is too long, a folder without permission
        raise ConfigError(f'"{name[:80]}" cannot be looked up: {error}') from error
    names = sorted(path.name for path in shipped.glob('*'))
    offered = ', '.join(names) or 'nothing'
    raise ConfigError(
        f'"{name}" was not found{did_you_mean(name, names)}, neither as a path nor in '
        f'{shipped} (which has: {offered}).')


def next_to_parameters(name: str, words: Sequence[str]) -> str:
    """
    Resolve a relative path from the folder of the parameters file that a node was started with.

    :param name: a path, or a shipped name.
    :param words: the command line of the node.
    :return: the path if it exists, else ``name`` unchanged.
    :raises ConfigError: for a path that cannot be looked up.
    """
    shipped = share_dir() / 'config'
    folders = [file.absolute().parent for file in parameters_files(words)]
    try:
        if name.startswith('~'):
            return str(Path(name).expanduser())
        for path in (folder / name for folder in folders if folder != shipped):
            if name and path.exists():
                return str(path)
    except (OSError, RuntimeError) as error:
        raise ConfigError(f'"{name[:80]}" cannot be looked up: {error}') from error
    return name


def parameters_files(words: Sequence[str]) -> list[Path]:
    """
    Return the parameters files that a node was started with, without those that launch writes.

    :param words: the command line of the node.
    """
    files = [Path(words[index + 1]) for index, word in enumerate(words[:-1])
             if word == '--params-file']
    return [file for file in files if not file.name.startswith(LAUNCH_PREFIX)]
