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
Camera in, safe command out: image classification and safe actuation for ROS 2.

The names below need no ROS; each is imported on first use.

Example:
    >>> import digiphys_ros as dp, numpy as np
    >>> model = dp.load('traffic_signs')
    >>> result = model(np.zeros((64, 64, 3), np.uint8))  # or the path of an image file
    >>> result.label is None and result.abstained  # black: neither a sign nor a scene
    True
"""

from importlib import import_module
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from digiphys_ros.api import evaluate, load, load_rules, Model, train
    from digiphys_ros.control.command import DesiredCommand
    from digiphys_ros.control.gate import Gate
    from digiphys_ros.control.policy import Observation, Policy
    from digiphys_ros.errors import DigiphysError
    from digiphys_ros.perception.classify import Classification

__version__ = '0.2.0'

_HOMES = {
    'Classification': 'perception.classify',
    'DesiredCommand': 'control.command',
    'DigiphysError': 'errors',
    'Gate': 'control.gate',
    'Model': 'api',
    'Observation': 'control.policy',
    'Policy': 'control.policy',
    'evaluate': 'api',
    'load': 'api',
    'load_rules': 'api',
    'train': 'api',
}

__all__ = [
    'Classification',
    'DesiredCommand',
    'DigiphysError',
    'Gate',
    'Model',
    'Observation',
    'Policy',
    '__version__',
    'evaluate',
    'load',
    'load_rules',
    'train',
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    value = getattr(import_module(f'{__name__}.{_HOMES[name]}'), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
