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

from digiphys_ros.control import load_actuators
from digiphys_ros.control.config import load_control
from digiphys_ros.errors import ConfigError
from digiphys_ros.renamed import RenamedWarning
import pytest

OLD_KEYS = {
    'hold_s': ('min_hold_s', 1.0), 'linger_s': ('off_delay_s', 2.0),
    'release_after_s': ('max_hold_s', 3.0), 'rearm_after_s': ('retrigger_after_s', 4.0),
    'remember': ('persistent_limit', {'base': {'linear.x': 0.5}})}

TEXT = """
actuators:
  base:
    kind: twist_stamped
    topic: cmd_vel
    fields:
      linear.x: {min: 0.0, max: 0.6, safe: 0.0, max_rate_per_s: 2.0}
rules:
  - {name: halt, when: [stop], KEYS, command: {base: {linear.x: 0.0}}}
  - {name: slow, when: [twenty], KEYS, command: {base: {linear.x: 0.2}}}
  - {name: unsure, when: [abstain], command: {base: {linear.x: 0.0}}}
  - {name: cruise, default: true, command: {base: {linear.x: 0.5}}}
"""


def rules_file(tmp_path, **keys):
    path = tmp_path / 'rules.yaml'
    path.write_text(TEXT.replace('KEYS', ', '.join(
        f'{key}: {value}' for key, value in keys.items()).replace("'", '')))
    return path


@pytest.mark.parametrize(('old', 'new', 'value'), [(old, *new) for old, new in OLD_KEYS.items()])
def test_rules_file_with_an_old_key_warns_once_and_means_the_new_key(
        tmp_path, old, new, value):
    others = {'max_hold_s': 3.0} if old == 'rearm_after_s' else {}
    path = rules_file(tmp_path, **{old: value}, **others)
    with pytest.warns(RenamedWarning) as caught:
        control = load_control(path)
    assert [getattr(rule, new) for rule in control.rules[:2]] == [value] * 2
    assert [str(one.message).partition('. ')[0] for one in caught] == [
        f'{path}: "{old}" is deprecated: write "{new}"']


@pytest.mark.parametrize(('old', 'new', 'value'), [(old, *new) for old, new in OLD_KEYS.items()])
def test_rules_file_with_old_and_new_key_fails_and_names_both(tmp_path, old, new, value):
    with pytest.raises(ConfigError, match=f':9: .* has both `{new}` and `{old}`'):
        load_control(rules_file(tmp_path, **{old: value, new: value}))


def test_load_actuators_of_a_rules_file_with_old_keys_returns_its_actuators(tmp_path):
    path = rules_file(tmp_path, hold_s=1.0, remember='{}')
    assert list(load_actuators(path)) == ['base']
