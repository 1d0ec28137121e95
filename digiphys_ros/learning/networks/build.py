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

"""Build a network by name, with the options of a recipe."""

from collections.abc import Mapping
from typing import Any

from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.networks.registry import NETWORKS
from digiphys_ros.learning.options import options_model
from pydantic import BaseModel, ValidationError


def options_of(name: str) -> type[BaseModel]:
    """
    Return a pydantic model of a network's options, from its builder's keywords.

    :param name: a name in ``NETWORKS``.
    """
    return options_model(name, NETWORKS[name])


def build_network(name: str, options: Mapping[str, Any], shape: tuple[int, ...],
                  classes: int) -> Any:
    """
    Return an untrained Keras model whose last layer, ``logits``, has one output a class.

    :param name: a name in ``NETWORKS``.
    :param options: options of the network; missing ones have their defaults.
    :param shape: (height, width, channels) of a tensor, or (features,) of a row of a table.
    :param classes: number of classes, at least two.
    :raises ConfigError: when the name is unknown, or options or shape do not fit.
    """
    if name not in NETWORKS:
        raise ConfigError(f'network `{name}` does not exist, there are: {", ".join(NETWORKS)}.')
    builder = NETWORKS[name]
    if len(shape) != 3 and not hasattr(builder, 'takes_tables'):
        raise ConfigError(f'network `{name}` takes images (height, width, channels), received '
                          f'{shape}; tables go to: {", ".join(_of_tables())}.')
    try:
        chosen = options_of(name).model_validate(dict(options)).model_dump()
        return builder(tuple(shape), classes, **chosen)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f'network `{name}`: option `{".".join(map(str, first["loc"]))}`: '
                          f'{first["msg"]}, received {first["input"]!r}.') from error
    except ValueError as error:
        reason = ' '.join(str(error).split())
        raise ConfigError(f'network `{name}` cannot be built for {shape}: {reason}') from error


def _of_tables() -> list[str]:
    usable = [*NETWORKS.built_in, *(name for name, _ in NETWORKS.usable_plugins())]
    return sorted(name for name in usable if hasattr(NETWORKS[name], 'takes_tables'))
