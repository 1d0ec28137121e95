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
import doctest

from digiphys_ros import applications, renamed
from digiphys_ros.applications import find_application
from digiphys_ros.cli.simulation import old_form
from digiphys_ros.renamed import APPLICATIONS, new_file, RenamedWarning
from digiphys_ros.resources import find_resource, share_dir
from digiphys_ros.simulation.scenarios.scenario import load_scenario
import pytest

CONFIG = share_dir() / 'config'


@pytest.mark.parametrize(('old', 'new'), APPLICATIONS.items())
def test_old_application_name_warns_and_finds_the_new_one(old, new):
    with pytest.warns(RenamedWarning, match=f'"{old}" has a new name: write "{new}"'):
        assert find_application(old).name == new


@pytest.mark.parametrize(('old', 'new', 'folder'), [
    ('traffic', 'traffic_signs.yaml', 'config'),
    ('traffic.yaml', 'traffic_signs.yaml', 'config'),
    ('traffic_rules.yaml', 'traffic_signs_rules.yaml', 'config'),
    ('traffic_sim.yaml', 'traffic_signs_sim.yaml', 'config'),
    ('traffic_sim', 'traffic_signs_sim.yaml', 'config'),
    ('traffic_sim_rules.yaml', 'traffic_signs_sim_rules.yaml', 'config'),
    ('signals', 'traffic_lights.yaml', 'config'),
    ('signals_rules.yaml', 'traffic_lights_rules.yaml', 'config'),
    (str(CONFIG / 'traffic.yaml'), 'traffic_signs.yaml', 'config'),
    ('traffic_plain', 'traffic_signs_plain.yaml', 'config/scenarios'),
    ('signals_camera_black.yaml', 'traffic_lights_camera_black.yaml', 'config/scenarios'),
])
def test_old_file_name_warns_and_finds_the_new_one(old, new, folder):
    with pytest.warns(RenamedWarning, match='has a new name'):
        assert find_resource(old, folder) == share_dir() / folder / new


@pytest.mark.parametrize('name', ['traffic_signs.yaml', 'traffic_lights_rules', 'sorting',
                                  'trafficking.yaml', 'signalsmoke', 'my_traffic.yaml', ''])
def test_other_names_are_no_old_ones(name):
    assert new_file(name) is None


def test_own_file_with_an_old_name_is_taken_as_it_is(tmp_path, recwarn):
    (tmp_path / 'traffic.yaml').touch()
    assert find_resource(str(tmp_path / 'traffic.yaml'), 'config') == tmp_path / 'traffic.yaml'
    assert not recwarn.list


def test_scenario_with_an_old_application_name_warns(tmp_path):
    path = tmp_path / 'a.yaml'
    path.write_text('about: A.\napplication: signals\nseconds: 10\n'
                    'expect: {no_collisions: true}\n')
    with pytest.warns(RenamedWarning, match='write "traffic_lights"'):
        assert load_scenario(path, find_application).application.name == 'traffic_lights'


@pytest.mark.parametrize('module', [applications, old_form, renamed])
def test_examples_in_docstrings_hold(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed
