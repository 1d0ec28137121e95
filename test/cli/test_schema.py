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

import json
import re

from digiphys_ros.cli.schema import schemas, text_of
from digiphys_ros.resources import share_dir
from digiphys_ros.ros.parameters.configuration import allowed, NODES
import pytest
import yaml

FOLDER = share_dir() / 'docs' / 'schema'
SCHEMA_LINE = re.compile(r'# yaml-language-server: \$schema=(\S+)\n')


def test_schemas_published_are_current():
    """`make schema` writes them."""
    for name, schema in schemas().items():
        assert (FOLDER / name).read_text(encoding='utf-8') == text_of(schema), name


def test_parameters_schema_has_every_parameter_with_its_range():
    schema = json.loads((FOLDER / 'parameters.json').read_text())
    for node in NODES:
        properties = schema['definitions'][node]['properties']['ros__parameters']['properties']
        assert list(properties) == list(allowed(node))
    gate = schema['definitions']['gate']['properties']['ros__parameters']['properties']
    assert gate['lease_s']['minimum'] == 0.01
    assert gate['lease_s']['maximum'] == 5.0


SHIPPED = sorted(path for pattern in ('*.yaml', 'recipes/*.yaml')
                 for path in (share_dir() / 'config').glob(pattern))


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.name)
def test_shipped_file_names_its_schema(path):
    named = path.parent / SCHEMA_LINE.match(path.read_text())[1]
    expected = ('recipe' if path.parent.name == 'recipes'
                else 'rules' if path.stem.endswith('rules') else 'parameters')
    assert named.samefile(FOLDER / f'{expected}.json')


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.name)
def test_shipped_file_matches_its_schema(path):
    jsonschema = pytest.importorskip('jsonschema')
    schema = json.loads((path.parent / SCHEMA_LINE.match(path.read_text())[1]).read_text())
    jsonschema.validate(yaml.safe_load(path.read_text()), schema)


@pytest.mark.parametrize(('node', 'name', 'value'), [
    ('gate', 'lease_s', 9.0), ('gate', 'leese_s', 0.5), ('gate', 'guard', 'yes please'),
    ('classifier', 'engine', 'gpu'), ('classifier', 'roi', [0.0, 0.5]),
    ('classifier', 'min_brightness', 256.0)])
def test_schemas_refuse_a_wrong_value(node, name, value):
    jsonschema = pytest.importorskip('jsonschema')
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({f'/**/{node}': {'ros__parameters': {name: value}}},
                            schemas()['parameters.json'])
