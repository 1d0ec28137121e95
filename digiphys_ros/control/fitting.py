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

"""Shipped models that match a rules file."""

from digiphys_ros.control.config import check_labels, check_use, ControlConfig
from digiphys_ros.errors import ConfigError
from digiphys_ros.files import parse_json, read_text
from digiphys_ros.resources import share_dir


def fitting_bundles(config: ControlConfig) -> list[str]:
    """Return the names of shipped bundles that have the classes of the rules."""
    return [file.parent.name for file in sorted((share_dir() / 'models').glob('*/bundle.json'))
            if _fits(config, parse_json(read_text(file)))]


def _fits(config: ControlConfig, manifest: dict[str, object]) -> bool:
    labels = manifest.get('labels')
    try:
        check_use(str(manifest.get('use', 'control')), '')
        check_labels(config, labels if isinstance(labels, list) else [])
    except ConfigError:
        return False
    return True


def fit_fix(config: ControlConfig, rules: str, classifier: str = '', then: str = '') -> str:
    """
    Return the command that selects a model with the classes of the rules.

    :param rules: name of the rules file.
    :param classifier: name of the running node; empty if none runs.
    :param then: a command that must follow.
    """
    fitting = fitting_bundles(config)
    if not fitting:
        return ('digiphys run --set rules=FILE  # rules that fit the model; or list the class in '
                f'`optional_labels` of {rules}')
    start = f'ros2 param set {classifier} bundle ' if classifier else \
        'digiphys run --set classifier.bundle='
    return (f'{start}{fitting[0]}{then and f" && {then}"}  # fits {rules}; to keep the model: '
            'digiphys run --set rules=FILE, or list the class in `optional_labels` of the file')
