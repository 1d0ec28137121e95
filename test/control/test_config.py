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

from digiphys_ros.control.config import check_use, control_warnings, load_control
from digiphys_ros.errors import ConfigError
from digiphys_ros.resources import share_dir
import pytest

RULES = sorted((share_dir() / 'config').glob('*_rules.yaml'))


def test_control_warnings_long_hold_of_a_moving_rule_is_named():
    control = load_control(share_dir() / 'config' / 'traffic_signs_rules.yaml')
    held = [rule.model_copy(update={'min_hold_s': 1e6}) if rule.name == 'cruise' else rule
            for rule in control.rules]
    [warning] = control_warnings(control.model_copy(update={'rules': held}))
    assert 'rule `cruise`' in warning
    assert 'min_hold_s' in warning


def test_check_use_model_for_advice_is_refused_in_one_sentence():
    check_use('control', 'signs@1')
    with pytest.raises(ConfigError, match='xray@1 is for advice to a person'):
        check_use('advice', 'xray@1')


@pytest.mark.parametrize('path', RULES, ids=lambda path: path.stem)
def test_control_warnings_shipped_rules_have_none(path):
    assert control_warnings(load_control(path)) == []


@pytest.mark.parametrize('path', RULES, ids=lambda path: path.stem)
def test_control_warnings_motion_without_end_names_each_rule(path):
    control = load_control(path)
    votes = control.votes.model_copy(update={'max_unsure_s': 1e6})
    found = control_warnings(control.model_copy(update={'votes': votes}))
    unsure = [rule.name for rule in control.rules if rule.default or 'abstain' in rule.when]
    assert len(found) == len(unsure) == 2
    for name, sentence in zip(unsure, found, strict=True):
        assert f'rule `{name}`' in sentence
        assert '`votes.max_unsure_s`' in sentence


def test_control_warnings_safe_state_on_abstention_is_no_motion(tmp_path):
    text = (share_dir() / 'config' / 'traffic_signs_rules.yaml').read_text()
    path = tmp_path / 'rules.yaml'
    path.write_text(text.replace('linear.x: 0.3, ', 'linear.x: 0.0, ').replace(
        'max_unsure_s: 2.0', 'max_unsure_s: 1.0e+6'))
    assert load_control(path).votes.max_unsure_s == 1e6
    assert control_warnings(load_control(path)) == []
