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

import math

from digiphys_ros.errors import ConfigError
from digiphys_ros.nodes.configuration import check_parameters, command, declared, NODES
from digiphys_ros.nodes.parameters import Parameter
from digiphys_ros.resources import share_dir
import pytest
import yaml

pytestmark = [pytest.mark.ros, pytest.mark.parallel]


def test_the_yaml_mirror_holds_every_parameter_with_its_default():
    mirror = yaml.safe_load((share_dir() / 'config' / 'parameters.yaml').read_text())
    assert mirror == {
        f'/**/{node}': {'ros__parameters': {one.name: one.default for one in declared(node)}}
        for node in NODES}


def test_the_readme_table_holds_every_parameter():
    readme = (share_dir() / 'README.md').read_text()
    for node in NODES:
        for parameter in declared(node):
            assert f'| {node} | `{parameter.name}` |' in readme, (node, parameter.name)


def test_every_parameter_is_described_and_its_default_allowed():
    for node in NODES:
        for parameter in declared(node):
            assert parameter.description.endswith('.')
            assert parameter.check(parameter.default) == parameter.default


@pytest.mark.parametrize(('name', 'nodes'), [
    ('traffic.yaml', ('camera', 'classifier', 'policy', 'gate')),
    ('triage.yaml', ('sim', 'classifier', 'triage')),
    ('parameters.yaml', NODES),
])
def test_the_shipped_files_pass_the_check(name, nodes):
    assert check_parameters(share_dir() / 'config' / name) == nodes


@pytest.mark.parametrize(('text', 'line', 'words'), [
    ('/**/gate:\n  ros__parameters:\n    leese_s: 0.5\n', 3, ['leese_s']),
    ('/**/gate:\n  ros__parameters:\n    lease_s: soon\n', 3, ['lease_s', "'soon'", 'number']),
    ('/**/gate:\n  ros__parameters:\n    lease_s: 99\n', 3, ['lease_s', '99', '0.01 to 5.0']),
    ('/**/classifier:\n  ros__parameters:\n    engine: gpu\n', 3, ['engine', 'auto, litert']),
    ('/**/gate:\n  lease_s: 0.5\n', 2, ['lease_s']),
])
def test_a_wrong_file_is_refused_with_line_and_field(tmp_path, text, line, words):
    path = tmp_path / 'wrong.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        check_parameters(path)
    assert f'{path}:{line}: field' in str(refused.value)
    for word in words:
        assert word in str(refused.value)


def test_an_unknown_node_is_refused(tmp_path):
    path = tmp_path / 'wrong.yaml'
    path.write_text('/**/gait:\n  ros__parameters: {}\n')
    with pytest.raises(ConfigError, match='`/\\*\\*/gait`: no such node, allowed are camera'):
        check_parameters(path)


@pytest.mark.parametrize('value', ['1', True, math.nan, math.inf, 2.5, None, [1.0]])
def test_a_number_out_of_range_or_of_another_kind_is_refused(value):
    with pytest.raises(ConfigError, match='parameter `share`'):
        Parameter('share', 0.5, 'A share.', 0.0, 1.0).check(value)


def test_an_integer_serves_as_a_number():
    assert Parameter('share', 0.5, 'A share.', 0.0, 1.0).check(1) == 1.0


def test_command_quotes_what_yaml_would_read_otherwise():
    words = command('camera', namespace='/a', parameters={'source': "it's", 'loop': True})
    assert words[-5:] == ['__ns:=/a', '-p', "source:='it''s'", '-p', 'loop:=true']
