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
import re

from digiphys_ros.applications import find_application
from digiphys_ros.errors import ConfigError
from digiphys_ros.renamed import (
    APPLICATIONS,
    new_file,
    renamed_keys,
    RenamedWarning,
    Renames,
)
from digiphys_ros.resources import find_resource, share_dir
from digiphys_ros.simulation.scenarios.scenario import load_scenario
from digiphys_ros.yamlfile import load_yaml
from pydantic import BaseModel, ConfigDict
import pytest

CONFIG = share_dir() / 'config'


class Lamp(BaseModel):
    """A model with a key that was renamed."""

    model_config = ConfigDict(extra='forbid')
    rate_hz: float = 1.0
    _old_keys = renamed_keys(hz='rate_hz')


class Lamps(BaseModel):
    """A file of such models."""

    lamps: list[Lamp]


def read_lamps(tmp_path, text):
    path = tmp_path / 'lamps.yaml'
    path.write_text(text)
    return load_yaml(path, Lamps)


def test_yaml_file_with_an_old_key_warns_once_with_file_and_new_key(tmp_path):
    with pytest.warns(RenamedWarning) as caught:
        read = read_lamps(tmp_path, 'lamps: [{hz: 2}, {hz: 3}, {rate_hz: 4}]')
    assert [lamp.rate_hz for lamp in read.lamps] == [2, 3, 4]
    assert [str(one.message) for one in caught] == [
        f'{tmp_path / "lamps.yaml"}: "hz" is deprecated: write "rate_hz". The next release '
        'refuses the old name.']


def test_yaml_file_with_old_and_new_key_fails_and_names_both(tmp_path):
    with pytest.raises(ConfigError) as error:
        read_lamps(tmp_path, 'lamps:\n- {rate_hz: 1}\n- {hz: 2, rate_hz: 3}')
    assert 'lamps.yaml:3: field `lamps.1.hz`: has both `rate_hz` and `hz`' in str(error.value)


def test_yaml_file_with_a_bad_value_of_an_old_key_fails_with_the_new_key(tmp_path):
    with pytest.warns(RenamedWarning), pytest.raises(ConfigError, match='rate_hz'):
        read_lamps(tmp_path, 'lamps: [{hz: fast}]')


def test_schema_of_a_renamed_key_has_only_the_new_key():
    assert list(Lamp.model_json_schema()['properties']) == ['rate_hz']


@pytest.mark.parametrize(('old', 'new'), APPLICATIONS.items())
def test_old_application_name_warns_and_finds_the_new_one(old, new):
    with pytest.warns(RenamedWarning, match=f'"{old}" is deprecated: write "{new}"'):
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
    with pytest.warns(RenamedWarning, match='is deprecated'):
        assert find_resource(old, folder) == share_dir() / folder / new


@pytest.mark.parametrize('name', ['traffic_signs.yaml', 'traffic_lights_rules', 'sorting',
                                  'trafficking.yaml', 'signalsmoke', 'my_traffic.yaml', ''])
def test_new_file_other_names_are_not_renamed(name):
    assert new_file(name) is None


def test_own_file_with_an_old_name_is_used_unchanged(tmp_path, recwarn):
    (tmp_path / 'traffic.yaml').touch()
    assert find_resource(str(tmp_path / 'traffic.yaml'), 'config') == tmp_path / 'traffic.yaml'
    assert not recwarn.list


def test_scenario_with_an_old_application_name_warns(tmp_path):
    path = tmp_path / 'a.yaml'
    path.write_text('description: A.\napplication: signals\nseconds: 10\n'
                    'expect: {no_collisions: true}\n')
    with pytest.warns(RenamedWarning, match='write "traffic_lights"'):
        assert load_scenario(path, find_application).application.name == 'traffic_lights'


# Nested keys and values.

RENAMES = Renames({'view': 'image', 'image.colour': 'image.color', 'mirror': 'tta'},
                  {'tta': {True: 'flip', False: 'none'}, 'image.crop': {'middle': 'center'}})


@pytest.mark.parametrize(('old', 'new'), [
    ({'view': {'colour': 'rgb', 'crop': 'middle', 'size': 3}, 'x': 1},
     {'image': {'color': 'rgb', 'crop': 'center', 'size': 3}, 'x': 1}),
    ({'mirror': False, 'view': 7}, {'tta': 'none', 'image': 7}),
])
def test_renames_upgrade_and_downgrade_are_inverse_and_keep_the_order(old, new):
    assert list(RENAMES.upgrade(old, warn=False).items()) == list(new.items())
    assert list(RENAMES.downgrade(new).items()) == list(old.items())


@pytest.mark.parametrize('data', [
    {}, {'image': {'color': 'rgb', 'crop': ['middle']}}, {'tta': 1}, {'image': None}, None, [],
    'x', {'colour': 'rgb'}])
def test_renames_upgrade_leaves_other_data_as_it_is(data, recwarn):
    assert RENAMES.upgrade(data) == data
    assert not recwarn.list


def test_renames_upgrade_warns_once_of_each_old_name_and_changes_a_copy():
    data = {'view': {'colour': 'rgb'}, 'mirror': True}
    with pytest.warns(RenamedWarning) as warned:
        RENAMES.upgrade(data)
    assert [re.findall('"([^"]*)"', str(one.message)) for one in warned] == [
        ['view', 'image'], ['view.colour', 'image.color'], ['mirror: true', 'tta: flip']]
    assert data == {'view': {'colour': 'rgb'}, 'mirror': True}


@pytest.mark.parametrize(('data', 'names'), [
    ({'view': {}, 'image': {}}, 'has both `image` and `view`'),
    ({'image': {'colour': 'rgb', 'color': 'rgb'}},
     'has both `image.color` and `image.colour`'),
    ({'view': {'colour': 'rgb', 'color': 'rgb'}},
     'has both `image.color` and `view.colour`')])
def test_renames_upgrade_refuses_both_spellings_with_both_names(data, names):
    with pytest.raises(ValueError, match=names):
        RENAMES.upgrade(data, warn=False)


@pytest.mark.parametrize(('old', 'new'), [
    ('view.colour', 'image.color'), ('view.size', 'image.size'), ('mirror', 'tta')])
def test_renames_upgrade_key_warns_and_returns_the_new_key(old, new):
    with pytest.warns(RenamedWarning, match=f'"{old}".* write "{new}"'):
        assert RENAMES.upgrade_key(old) == new
    assert RENAMES.upgrade_key('viewer') == 'viewer'
