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

from digiphys_ros.control.config import check_labels, ControlConfig, load_control
from digiphys_ros.control.policy import Observation, Policy
from digiphys_ros.errors import ConfigError
from digiphys_ros.resources import share_dir
from hypothesis import given, strategies as st
import pytest
import yaml

TEXT = """
actuators:
  base:
    kind: twist_stamped
    topic: cmd_vel
    fields:
      linear.x: {min: 0.0, max: 0.6, safe: 0.0, max_rate_per_s: 2.0}
votes: {window: 5, needed: 3}
groups: {limits: [thirty, twenty]}
rules:
  - name: halt
    when: [stop]
    min_score: 0.6
    release_score: 0.3
    hold_s: 1.0
    release_after_s: 3.0
    command: {base: {linear.x: 0.0}}
  - name: slow
    when: [limits]
    hold_s: 0.5
    command: {base: {linear.x: 0.2}}
  - name: unsure
    when: [abstain]
    command: {base: {linear.x: 0.3}}
  - name: cruise
    default: true
    command: {base: {linear.x: 0.5}}
"""


def config(**changes):
    return ControlConfig.model_validate({**yaml.safe_load(TEXT), **changes})


def rules(policy, *seen, start_s=0.0, period_s=0.1):
    """Show classes, or (class, score), one after another; return the rule after each."""
    pairs = [one if isinstance(one, tuple) else (one, 0.9) for one in seen]
    return [policy.update(Observation(label, score, start_s + index * period_s)).rule
            for index, (label, score) in enumerate(pairs)]


def test_no_command_before_enough_votes():
    policy = Policy(config())
    decisions = [policy.update(Observation('stop', 0.9, index / 10)) for index in range(3)]
    assert [decision.rule for decision in decisions] == [None, None, 'halt']
    assert not decisions[1].commands
    assert decisions[2].commands['base'].values == {'linear.x': 0.0}
    assert decisions[2].commands['base'].stamp_s == 0.2


def test_a_minority_is_outvoted():
    assert rules(Policy(config()), 'x', 'x', 'x', 'stop', 'stop', 'x', 'x')[2:] == ['cruise'] * 5


def test_groups_stand_for_their_classes():
    assert rules(Policy(config()), 'twenty', 'thirty', 'twenty')[-1] == 'slow'


def test_a_low_score_does_not_vote():
    assert rules(Policy(config()), *[('stop', 0.5)] * 4)[-1] == 'cruise'


def test_hysteresis_keeps_a_rule_at_a_score_that_would_not_take_it():
    seen = [('stop', 0.9)] * 3 + [('stop', 0.4)] * 15
    assert rules(Policy(config()), *seen)[-1] == 'halt'


def test_a_hold_outlasts_the_sign_and_then_ends():
    found = rules(Policy(config()), *['stop'] * 3, *['x'] * 12)
    assert found[2:12] == ['halt'] * 10
    assert found[-1] == 'cruise'


def test_a_rule_above_interrupts_a_hold():
    assert rules(Policy(config()), *['twenty'] * 3, *['stop'] * 3)[-1] == 'halt'


def test_full_stop_then_go_until_the_sign_was_gone():
    policy = Policy(config())
    found = rules(policy, *['stop'] * 40)
    assert found[2:32] == ['halt'] * 30
    assert found[33:] == ['cruise'] * 7
    assert rules(policy, *['x'] * 5, *['stop'] * 3, start_s=10.0)[-1] == 'halt'


def test_abstaining_has_its_rule():
    assert rules(Policy(config()), *[(None, 0.0)] * 3)[-1] == 'unsure'


def test_time_that_goes_back_starts_the_votes_anew():
    policy = Policy(config())
    rules(policy, *['stop'] * 5, start_s=100.0)
    assert rules(policy, 'x', 'x', 'x') == [None, None, 'cruise']


@given(st.lists(st.tuples(st.sampled_from(['stop', 'twenty', 'x', None]),
                          st.floats(allow_nan=True), st.floats(0, 100)), max_size=60))
def test_whatever_is_seen_every_command_is_whole_and_allowed(seen):
    policies = [Policy(config()), Policy(config())]
    for label, score, stamp_s in seen:
        decisions = [policy.update(Observation(label, score, stamp_s)) for policy in policies]
        assert decisions[0] == decisions[1]
        for command in decisions[0].commands.values():
            assert command.stamp_s == stamp_s
            assert 0.0 <= command.values['linear.x'] <= 0.6


@pytest.mark.parametrize(('old', 'new', 'line', 'words'), [
    ('kind: twist_stamped', 'kind: wheels', 4, ['actuators.base.kind', "'wheels'"]),
    ('safe: 0.0', 'safe: 9.0', 7, ['safe', 'min <= safe <= max', '9.0']),
    (', max_rate_per_s: 2.0', '', 7, ['max_rate_per_s', 'rate limit']),
    ('linear.x: {min', 'speed: {min', 7, ['speed', 'linear.x']),
    ('max: 0.6', 'max: .inf', 7, ['max', 'finite']),
    ('needed: 3', 'needed: 9', 8, ['votes.needed', 'window, which is 5']),
    ('min_score: 0.6', 'min_score: 2', 13, ['min_score', '2']),
    ('release_score: 0.3', 'release_score: 0.9', 14, ['release_score', '0.6']),
    ('hold_s: 1.0', 'hold: 1.0', 15, ['hold', '1.0']),
    ('{linear.x: 0.2}', '{linear.x: 2.0}', 21, ['rules.1.command.base.linear.x', '0.0 to 0.6']),
    ('{base: {linear.x: 0.3}}', '{bass: {linear.x: 0.3}}', 24, ['bass', 'base']),
    ('name: slow', 'name: halt', 18, ['rules.1.name', 'already']),
    ('when: [abstain]', 'when: [never]', 10, ['abstain']),
    ('default: true', 'when: [y]', 10, ['default']),
])
def test_a_wrong_file_is_refused_with_line_and_field(tmp_path, old, new, line, words):
    assert old in TEXT
    path = tmp_path / 'rules.yaml'
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(ConfigError) as refused:
        load_control(path)
    assert f'{path}:{line}: field' in str(refused.value)
    for word in words:
        assert word in str(refused.value)


def test_a_class_that_the_model_lacks_is_named():
    with pytest.raises(ConfigError, match=r'rule `halt`: .*no class "stop"'):
        check_labels(config(), ['x', 'twenty', 'thirty'])


def test_the_shipped_rules_fit_the_shipped_model():
    from digiphys_ros.perception import load_bundle
    control = load_control(share_dir() / 'config' / 'traffic_rules.yaml')
    labels = load_bundle(share_dir() / 'models' / 'traffic_signs').labels
    check_labels(control, labels)
    assert not [label for label in labels if control.rule_for(label).default]
