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

"""Find parameters that are set but unknown to their node; ROS ignores them silently."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from digiphys_ros.errors import ConfigError, did_you_mean
from digiphys_ros.renamed import PARAMETERS
from digiphys_ros.resources import share_dir
from digiphys_ros.ros.lifecycle import PipelineNode


def ignored_parameters(node: PipelineNode[Any], nodes: Sequence[PipelineNode[Any]],
                       words: Sequence[str]) -> list[str]:
    """
    Return a sentence for each parameter that is set for a node and has no effect.

    :param nodes: all nodes of the process: they share the command line.
    :param words: the command line.
    """
    given = [PARAMETERS.get(name, name) for name in node._parameter_overrides]
    from_file = [name for name in given if not any(
        word.startswith(f'{name}:=') for word in words)]
    unknown = [name for name in given if not any(one.has_parameter(name) for one in nodes)]
    if set(unknown) & set(from_file):
        # a section for all nodes may be for another node
        known = _names(share_dir() / 'config/parameters.yaml')
        unknown = [name for name in unknown if name not in from_file or name not in known]
    sentences = [f'there is no parameter `{name}`{did_you_mean(name, node.parameters.declared)}'
                 for name in unknown]
    if not from_file:
        for word, path in pairwise(words):
            if word == '--params-file':
                sentences += _find_missed(node.get_fully_qualified_name(), Path(path))
    return sentences


def _names(path: Path) -> set[str]:
    # imported here: the gate reads YAML only if necessary
    from digiphys_ros.pipeline.parameters_file import ParametersFile
    return {section.written_name(keys)
            for section in ParametersFile(path).sections for keys, _ in section.values}


def _find_missed(name: str, path: Path) -> Iterator[str]:
    """Yield a sentence for each section with a similar node name that does not apply."""
    from digiphys_ros.pipeline.parameters_file import ParametersFile
    node = name.rpartition('/')[2]
    with suppress(ConfigError):
        for section in ParametersFile(path).sections:
            if did_you_mean(section.node, [node]) and not section.applies_to(name):
                yield (f'section `{section.key}` of {path} does not apply to {name}, write '
                       f'/**/{node}')
