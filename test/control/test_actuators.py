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

from digiphys_ros.control import Limits, load_actuators
from digiphys_ros.control.schema import ActuatorConfig
from digiphys_ros.errors import ConfigError
from digiphys_ros.resources import share_dir
from pydantic import ValidationError
import pytest

FIELD = {'min': 0.0, 'max': 1.0, 'safe': 0.0, 'max_rate_per_s': 1.0}
BIT = {'min': 0, 'max': 1, 'safe': 1}


def test_the_shipped_actuators_are_read_without_the_checker_in_this_process():
    base = load_actuators(share_dir() / 'config' / 'traffic_rules.yaml')['base']
    assert base.topic == 'cmd_vel'
    assert base.fields['linear.x'] == Limits(0.0, 0.6, 0.0, 2.0)
    assert base.safe_values() == {'linear.x': 0.0, 'angular.z': 0.0}


def test_the_checkers_sentence_is_passed_on(tmp_path):
    path = tmp_path / 'rules.yaml'
    path.write_text('actuators: {}\nrules: []\n')
    with pytest.raises(ConfigError, match=f'{path}:1: field `actuators`'):
        load_actuators(path)


@pytest.mark.parametrize('values', [
    {'kind': 'bool', 'fields': {'data': BIT}},
    {'kind': 'float64', 'fields': {'data': FIELD}},
    {'kind': 'twist', 'fields': {'linear.x': FIELD, 'angular.z': FIELD}},
    {'kind': 'joint_trajectory', 'fields': {'arm_1': FIELD, 'arm_2': FIELD}},
    {'kind': 'message', 'type': 'std_msgs/msg/Int32', 'fields': {'level': FIELD},
     'field_map': {'level': 'data'}},
])
def test_every_kind(values):
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
    {'kind': 'message', 'type': 'Int32', 'fields': {'a': FIELD}, 'field_map': {'a': 'data'}},
    {'kind': 'message', 'type': 'std_msgs/msg/Int32', 'fields': {'a': FIELD}, 'field_map': {}},
    {'kind': 'message', 'type': 'std_msgs/Int32', 'fields': {'a': FIELD},
     'field_map': {'a': 'data'}},
    {'kind': 'message', 'type': 'std_msgs/msg/Int32', 'fields': {'a': FIELD},
     'field_map': {'a': '__class__'}},
    {'kind': 'message', 'type': 'std_msgs/msg/Int32', 'fields': {'a': FIELD, 'b': FIELD},
     'field_map': {'a': 'data', 'b': 'data'}},
])
def test_what_cannot_work_is_refused(values):
    with pytest.raises(ValidationError):
        ActuatorConfig.model_validate({'topic': 't', **values})
