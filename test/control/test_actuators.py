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

from digiphys_ros.control import actuators, CheckedRules, Limits, load_actuators
from digiphys_ros.control.schema import ActuatorConfig
from digiphys_ros.errors import ConfigError
from digiphys_ros.resources import share_dir
from pydantic import ValidationError
import pytest

FIELD = {'min': 0.0, 'max': 1.0, 'safe': 0.0, 'max_rate_per_s': 1.0}
HOMED = {**FIELD, 'stop_rate_per_s': 0.5}
HELD = {'min': 0.0, 'max': 1.0, 'max_rate_per_s': 1.0}
BIT = {'min': 0, 'max': 1, 'safe': 1}


def test_load_actuators_reads_shipped_files_without_pydantic():
    base = load_actuators(share_dir() / 'config' / 'traffic_signs_rules.yaml')['base']
    assert base.topic == 'cmd_vel'
    assert base.fields['linear.x'] == Limits(0.0, 0.6, 0.0, 2.0)
    assert base.safe_values() == {'linear.x': 0.0, 'angular.z': 0.0}


def test_load_actuators_checks_a_file_again_only_after_a_change(tmp_path, monkeypatch):
    path, checked = tmp_path / 'rules.yaml', CheckedRules()
    rules = (share_dir() / 'config' / 'sorting_rules.yaml').read_text()
    path.write_text(rules)
    first = load_actuators(path, checked)
    with monkeypatch.context() as without_checker:
        without_checker.setattr(actuators.subprocess, 'run', None)
        assert load_actuators(path, checked) == first
    path.write_text(rules.replace('topic: diverter', 'topic: another'))
    assert load_actuators(path, checked) != first
    path.write_text('actuators: {}\nrules: []\n')
    with pytest.raises(ConfigError, match='field `actuators`'):
        load_actuators(path, checked)
    path.unlink()
    with pytest.raises(ConfigError):
        load_actuators(path, checked)


def test_checked_rules_too_long_or_without_version_are_not_kept():
    checked = CheckedRules()
    checked.keep(b'v' * 32, b'{' * (1 << 20))
    assert checked.recall(b'v' * 32) == b''
    checked.keep(b'', b'{}')
    assert checked.recall(b'') == b''
    checked.keep(b'v' * 32, b'{}')
    assert checked.recall(b'v' * 32) == b'{}'


def test_load_actuators_invalid_file_raises_the_checkers_error(tmp_path):
    path = tmp_path / 'rules.yaml'
    path.write_text('actuators: {}\nrules: []\n')
    with pytest.raises(ConfigError, match=f'{path}:1: field `actuators`'):
        load_actuators(path)


@pytest.mark.parametrize('values', [
    {'kind': 'bool', 'fields': {'data': BIT}},
    {'kind': 'float64', 'fields': {'data': FIELD}},
    {'kind': 'twist', 'fields': {'linear.x': FIELD, 'angular.z': FIELD}},
    {'kind': 'joint_trajectory', 'fields': {'arm_1': HOMED, 'arm_2': HOMED}},
    {'kind': 'float64', 'fields': {'data': {**FIELD, 'max_decel_per_s': 2.0,
                                            'max_jerk_per_s2': 3.0}}},
    {'kind': 'float64', 'fields': {'data': HOMED}},
    {'kind': 'message', 'type': 'std_msgs/msg/Int32', 'fields': {'level': FIELD},
     'field_map': {'level': 'data'}},
    {'kind': 'message', 'type': 'std_msgs/msg/Int32', 'fields': {'level': HOMED},
     'field_map': {'level': 'data'}},
])
def test_actuator_config_accepts_every_kind(values):
    actuator = ActuatorConfig.model_validate({'topic': 't', **values}).build()
    assert set(actuator.safe_values()) == set(values['fields'])


@pytest.mark.parametrize('values', [
    {'kind': 'bool', 'fields': {'data': {**BIT, 'max': 2}}},
    {'kind': 'bool', 'fields': {'data': {**BIT, 'max_rate_per_s': 1.0}}},
    {'kind': 'float64', 'fields': {'data': {**FIELD, 'max_rate_per_s': 0.0}}},
    {'kind': 'float64', 'fields': {'data': {**FIELD, 'max': float('nan')}}},
    {'kind': 'float64', 'fields': {'data': FIELD}, 'topic': '/absolute'},
    {'kind': 'float64', 'fields': {'data': FIELD}, 'topic': 'two words'},
    {'kind': 'joint_trajectory', 'fields': {'': FIELD}},
    {'kind': 'float64', 'fields': {'value': FIELD}},
    {'kind': 'float64', 'fields': {'data': BIT}},
    {'kind': 'float64', 'fields': {}},
    {'kind': 'float64', 'fields': {'data': FIELD}, 'type': 'std_msgs/msg/Int32'},
    {'kind': 'message', 'type': 'geometry_msgs/msg/Point', 'fields': {'a': HOMED, 'b': FIELD},
     'field_map': {'a': 'x', 'b': 'y'}},
    {'kind': 'message', 'type': 'Int32', 'fields': {'a': FIELD}, 'field_map': {'a': 'data'}},
    {'kind': 'message', 'type': 'std_msgs/msg/Int32', 'fields': {'a': FIELD}, 'field_map': {}},
    {'kind': 'message', 'type': 'std_msgs/Int32', 'fields': {'a': FIELD},
     'field_map': {'a': 'data'}},
    {'kind': 'message', 'type': 'std_msgs/msg/Int32', 'fields': {'a': FIELD},
     'field_map': {'a': '__class__'}},
    {'kind': 'message', 'type': 'std_msgs/msg/Int32', 'fields': {'a': FIELD, 'b': FIELD},
     'field_map': {'a': 'data', 'b': 'data'}},
])
def test_actuator_config_invalid_fields_are_refused(values):
    with pytest.raises(ValidationError):
        ActuatorConfig.model_validate({'topic': 't', **values})


@pytest.mark.parametrize(('kind', 'field'), [
    ('joint_trajectory', HELD), ('joint_trajectory', {**HELD, 'safe': 'hold'}),
    ('float64', {**HELD, 'safe': 'hold', 'max_jerk_per_s2': 2.0})])
def test_actuator_holding_position_has_no_safe_values(kind, field):
    actuator = ActuatorConfig.model_validate(
        {'topic': 't', 'kind': kind, 'fields': {'data': field}}).build()
    assert actuator.holds_position()
    assert actuator.safe_values() == {}
    assert actuator.fields['data'].safe is None


@pytest.mark.parametrize(('kind', 'field', 'values'), [
    ('float64', FIELD, {'data': 0.0}), ('float64', HOMED, {}), ('joint_trajectory', HELD, {}),
    ('joint_trajectory', HOMED, {'data': 0.0})])
def test_guard_values_omit_positions_that_would_jump(kind, field, values):
    actuator = ActuatorConfig.model_validate(
        {'topic': 't', 'kind': kind, 'fields': {'data': field}}).build()
    assert actuator.guard_values() == values


TWO_KINDS = {'a': HELD, 'b': HOMED}


@pytest.mark.parametrize(('kind', 'fields', 'sentence'), [
    ('joint_trajectory', {'a': {**HELD, 'safe': 0.0}}, 'stop_rate_per_s.*is required'),
    ('joint_trajectory', {'a': {**HOMED, 'max_decel_per_s': 1.0}}, 'is for velocities'),
    ('joint_trajectory', {'a': {**HELD, 'stop_rate_per_s': 1.0}}, 'a field that holds has none'),
    ('joint_trajectory', {'a': {**HELD, 'safe': None}}, 'a number, or hold'),
    ('joint_trajectory', {'a': {**HELD, 'safe': 'holds'}}, 'a number, or hold'),
    ('joint_trajectory', {'a': {**HELD, 'safe': float('nan')}}, 'finite'),
    ('joint_trajectory', {'a': {**HELD, 'max': -1.0}}, 'min <= safe <= max'),
    ('joint_trajectory', TWO_KINDS, 'all fields hold or none does'),
    ('float64', {'data': HELD}, 'safe.*is required: a number, or hold'),
    ('twist', {'linear.x': HOMED}, 'is for positions'),
    ('float64', {'data': {**HOMED, 'max_decel_per_s': 1.0}}, 'give one of them'),
    ('float64', {'data': {**HELD, 'safe': 'hold', 'stop_rate_per_s': 1.0}}, 'holds has none'),
    ('float64', {'data': {**FIELD, 'max_decel_per_s': 0.0}}, 'greater than 0'),
    ('float64', {'data': {**FIELD, 'max_jerk_per_s2': float('inf')}}, 'finite'),
    ('twist', {'linear.x': {**HELD, 'safe': 'hold'}}, 'is a velocity and must not hold'),
    ('bool', {'data': {**BIT, 'safe': 'hold'}}, 'safe 0 or 1'),
    ('bool', {'data': {**BIT, 'max_decel_per_s': 1.0}}, 'a bool has no rate'),
])
def test_actuator_config_invalid_motion_is_refused_in_one_sentence(kind, fields, sentence):
    with pytest.raises(ValidationError, match=sentence.replace('.*', r'[\s\S]*')) as refusal:
        ActuatorConfig.model_validate({'topic': 't', 'kind': kind, 'fields': fields})
    assert refusal.value.error_count() == 1


ARM = """\
actuators:
  arm:
    kind: joint_trajectory
    topic: arm
    fields:
      shoulder: {min: -1.5, max: 1.5, max_rate_per_s: 0.5, max_jerk_per_s2: 2.0}
      elbow: {min: 0.0, max: 2.0, safe: hold, max_rate_per_s: 0.5}
rules:
  - {name: reach, when: [part], command: {arm: {shoulder: 1.0, elbow: 0.5}}}
  - {name: unsure, when: [abstain], command: {arm: {shoulder: 0.0, elbow: 0.0}}}
  - {name: rest, default: true, command: {arm: {shoulder: 0.0, elbow: 0.0}}}
"""


def test_load_actuators_reads_a_holding_position(tmp_path):
    path = tmp_path / 'rules.yaml'
    path.write_text(ARM)
    arm = load_actuators(path)['arm']
    assert arm.fields['shoulder'] == Limits(-1.5, 1.5, None, 0.5, max_jerk_per_s2=2.0)
    assert arm.holds_position()


def test_rule_without_a_holding_field_is_refused(tmp_path):
    path = tmp_path / 'rules.yaml'
    path.write_text(ARM.replace('{shoulder: 1.0, elbow: 0.5}', '{shoulder: 1.0}'))
    with pytest.raises(ConfigError, match=r'yaml:9: field `rules.0.command`: must set arm.elbow'):
        load_actuators(path)
