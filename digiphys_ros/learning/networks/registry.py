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

"""Interface and registry of network builders."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from digiphys_ros.errors import ConfigError
from digiphys_ros.registry import Registry

Function = TypeVar('Function', bound=Callable[..., Any])


class NetworkBuilder(Protocol):
    """A function that makes a network; keyword-only parameters are the recipe's options."""

    def __call__(self, shape: tuple[int, ...], classes: int, **options: Any) -> Any:
        """
        Return an untrained Keras model.

        :param shape: (height, width, channels) of an image, or (features,) of a row of a table.
        :param classes: number of outputs of the last layer, ``logits``, which has no activation.
        :raises ValueError: when it cannot be built for that shape.
        """


def takes_tables(builder: Function) -> Function:
    """Mark a builder whose network also accepts rows of a table, shape (features,)."""
    builder.takes_tables = True  # type: ignore[attr-defined]
    return builder


NETWORKS: Registry[NetworkBuilder] = Registry('digiphys_ros.networks', 'network', {
    'article_cnn': 'digiphys_ros.learning.networks.article:article_cnn',
    'perceptron': 'digiphys_ros.learning.networks.perceptron:perceptron',
    'mlp': 'digiphys_ros.learning.networks.perceptron:mlp',
    'vgg16': 'digiphys_ros.learning.networks.vgg:vgg16',
    'residual': 'digiphys_ros.learning.networks.residual:residual',
    'airbench': 'digiphys_ros.learning.networks.airbench:airbench',
    'depthwise': 'digiphys_ros.learning.networks.depthwise:depthwise',
    'spatial_transformer': 'digiphys_ros.learning.networks.spatial_transformer:'
                           'spatial_transformer',
    'application': 'digiphys_ros.learning.networks.application:application',
    'pretrained': 'digiphys_ros.learning.networks.transfer:pretrained',
}, needs=('__call__',), error=ConfigError)
"""Networks by name; another package adds one with an entry point for a NetworkBuilder."""
