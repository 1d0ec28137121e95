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

"""A network by its name, with the options that a recipe gives it."""

from collections.abc import Callable, Mapping
import inspect
from typing import Any, get_type_hints

from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.networks.airbench import airbench
from digiphys_ros.learning.networks.application import application
from digiphys_ros.learning.networks.article import article_cnn
from digiphys_ros.learning.networks.depthwise import depthwise
from digiphys_ros.learning.networks.perceptron import mlp, perceptron
from digiphys_ros.learning.networks.residual import residual
from digiphys_ros.learning.networks.spatial_transformer import spatial_transformer
from digiphys_ros.learning.networks.transfer import pretrained
from digiphys_ros.learning.networks.vgg import vgg16
from pydantic import BaseModel, ConfigDict, create_model, ValidationError

NETWORKS: Mapping[str, Callable[..., Any]] = {
    builder.__name__: builder for builder in (
        article_cnn, perceptron, mlp, vgg16, residual, airbench, depthwise,
        spatial_transformer, application, pretrained)}
"""What builds each network: called with shape, classes and its options as keywords."""

TABLES = frozenset({'perceptron', 'mlp'})
"""Networks that take rows of numbers, shape (features,), as well as images."""


def options_of(name: str) -> type[BaseModel]:
    """
    Return the options of a network, as a model made from its builder's keywords.

    :param name: a key of ``NETWORKS``.
    """
    builder = NETWORKS[name]
    hints = get_type_hints(builder, include_extras=True)
    fields: dict[str, Any] = {
        key: (hints[key], ... if value.default is value.empty else value.default)
        for key, value in inspect.signature(builder).parameters.items()
        if value.kind is value.KEYWORD_ONLY}
    return create_model(f'{name} options', __config__=ConfigDict(extra='forbid'), **fields)


def build_network(name: str, options: Mapping[str, Any], shape: tuple[int, ...],
                  classes: int) -> Any:
    """
    Return an untrained Keras model whose last layer, ``logits``, has one output a class.

    :param name: a key of ``NETWORKS``.
    :param options: its options; those left out take their defaults.
    :param shape: (height, width, channels) of a tensor, or (features,) of a row of a table.
    :param classes: how many, at least two.
    :raises ConfigError: when there is no such network, or it cannot take options or shape.
    """
    if name not in NETWORKS:
        raise ConfigError(f'network `{name}` does not exist, there are: {", ".join(NETWORKS)}.')
    if len(shape) != 3 and name not in TABLES:
        raise ConfigError(f'network `{name}` takes images (height, width, channels), received '
                          f'{shape}; tables go to: {", ".join(sorted(TABLES))}.')
    try:
        chosen = options_of(name).model_validate(dict(options)).model_dump()
        return NETWORKS[name](tuple(shape), classes, **chosen)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f'network `{name}`: option `{".".join(map(str, first["loc"]))}`: '
                          f'{first["msg"]}, received {first["input"]!r}.') from error
    except ValueError as error:
        reason = ' '.join(str(error).split())
        raise ConfigError(f'network `{name}` cannot be built for {shape}: {reason}') from error
