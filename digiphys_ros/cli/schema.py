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
JSON schemas of the YAML files, with which editors check and complete them.

Usage: python -m digiphys_ros.cli.schema FOLDER
"""

import json
from pathlib import Path
import sys
from typing import Any

from digiphys_ros.ros.parameters.configuration import allowed, NODES
from digiphys_ros.settings import Parameter

DRAFT = 'http://json-schema.org/draft-07/schema#'
TYPES: dict[type, Any] = {
    bool: 'boolean', int: 'integer', float: 'number', list: 'array',
    # ROS reads `0` and `2024` as numbers: they are accepted as text
    str: ['string', 'integer']}


def parameters_schema() -> dict[str, Any]:
    """Return the schema of a ROS parameters file, for the nodes of this package."""
    return {
        '$schema': DRAFT, 'title': 'ROS parameters of digiphys_ros', 'type': 'object',
        'patternProperties': {f'^(.*/)?{node}$': {'$ref': f'#/definitions/{node}'}
                              for node in NODES},
        'definitions': {node: _node_schema(node) for node in NODES}}


def _node_schema(node: str) -> dict[str, Any]:
    return {'type': 'object', 'properties': {'ros__parameters': {
        'type': 'object', 'additionalProperties': False,
        'properties': {name: parameter_schema(one) for name, one in allowed(node).items()}}}}


def parameter_schema(parameter: Parameter) -> dict[str, Any]:
    """Return the schema of one value."""
    schema: dict[str, Any] = {
        'description': parameter.description, 'type': TYPES[type(parameter.default)],
        'default': parameter.default}
    bounds = {name: value for name, value in (
        ('minimum', parameter.low), ('maximum', parameter.high)) if value is not None}
    if isinstance(parameter.default, list):
        size = len(parameter.default)
        return {**schema, 'minItems': size, 'maxItems': size,
                'items': {'type': 'number', **bounds}}
    if parameter.choices:
        return {**schema, 'type': 'string', 'enum': list(parameter.choices)}
    return {**schema, **bounds}


def schemas() -> dict[str, dict[str, Any]]:
    """Return each schema by its file's name."""
    from digiphys_ros.control.config import ControlConfig
    from digiphys_ros.learning.recipe import Recipe
    rules = ControlConfig.model_json_schema()
    # editors show it: without the Python example
    rules['description'] = rules['description'].partition('\n\nExample::')[0]
    return {'parameters.json': parameters_schema(),
            'rules.json': {**rules,
                           'title': 'Rules file of digiphys_ros'},
            'recipe.json': {**Recipe.model_json_schema(),
                            'title': 'Recipe of digiphys_ros'}}


def text_of(schema: dict[str, Any]) -> str:
    """Return the text of a schema file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + '\n'


def main() -> None:
    """Write the schemas into a folder."""
    if len(sys.argv) != 2:
        sys.exit('usage: python -m digiphys_ros.cli.schema FOLDER')
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(text_of(schema), encoding='utf-8')


if __name__ == '__main__':
    main()
