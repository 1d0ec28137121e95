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

from digiphys_ros.control.config import check_labels, ControlConfig, load_control
from digiphys_ros.control.policy import Observation, Policy
from digiphys_ros.errors import ConfigError
from hypothesis import given, strategies as st
from pydantic import ValidationError
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
    assert rules(policy, *['x'] * 5, *['stop'] * 3, start_s=4.0)[-1] == 'halt'


def test_a_rule_that_ran_out_is_taken_again_after_a_while_with_its_sign_still_in_view():
    listed = yaml.safe_load(TEXT)['rules']
    policy = Policy(config(rules=[{**listed[0], 'rearm_after_s': 2.0}, *listed[1:]]))
    found = rules(policy, *['stop'] * 60)
    assert found[2:32] == ['halt'] * 30
    assert found[33:51] == ['cruise'] * 18
    assert found[53:] == ['halt'] * 7


def test_abstaining_has_its_rule():
    assert rules(Policy(config()), *[(None, 0.0)] * 3)[-1] == 'unsure'


def test_time_that_goes_back_starts_the_votes_anew():
    policy = Policy(config())
    rules(policy, *['stop'] * 5, start_s=100.0)
    assert rules(policy, 'x', 'x', 'x') == [None, None, 'cruise']


def test_a_late_image_changes_nothing():
    policy = Policy(config())
    assert rules(policy, *['stop'] * 5, start_s=100.0)[-1] == 'halt'
    late = policy.update(Observation('x', 0.9, 99.9))
    assert (late.rule, late.commands, late.changed) == ('halt', {}, False)
    assert rules(policy, 'stop', start_s=101.0)[-1] == 'halt'


def test_the_default_counts_last_wherever_it_is_written():
    listed = yaml.safe_load(TEXT)['rules']
    policy = Policy(config(rules=[listed[-1], *listed[:-1]]))
    assert rules(policy, *['stop'] * 4)[2:] == ['halt'] * 2


def test_an_image_that_is_shown_again_has_no_second_vote_and_no_command():
    policy = Policy(config())
    assert rules(policy, *['stop'] * 9, period_s=0.0) == [None] * 9
    assert rules(policy, *['stop'] * 2, start_s=0.1)[-1] == 'halt'
    again = policy.update(Observation('x', 0.9, 0.2))
    assert again.rule == 'halt'
    assert not again.commands


def test_after_a_pause_nothing_is_decided_on_what_was_seen_before():
    policy = Policy(config())
    assert rules(policy, *['x'] * 5)[-1] == 'cruise'
    assert rules(policy, *['stop'] * 3, start_s=10.0) == [None, None, 'halt']


def test_a_stop_after_a_pause_is_a_new_stop():
    policy = Policy(config())
    assert rules(policy, *['stop'] * 40)[-1] == 'cruise'
    assert rules(policy, *['stop'] * 3, start_s=10.0)[-1] == 'halt'


@pytest.mark.parametrize('stamp_s', [math.nan, math.inf, -math.inf])
def test_an_image_without_a_time_is_left_out(stamp_s):
    policy = Policy(config())
    rules(policy, *['stop'] * 3)
    decision = policy.update(Observation('x', 0.9, stamp_s))
    assert decision.rule == 'halt'
    assert not decision.commands
    assert rules(policy, *['stop'] * 40, start_s=0.3)[-1] == 'cruise'


def test_says_when_the_rule_changes():
    policy = Policy(config())
    decisions = [policy.update(Observation(label, 0.9, index / 10))
                 for index, label in enumerate(['twenty'] * 4 + ['stop'] * 4)]
    assert [decision.changed for decision in decisions] == [
        False, False, True, False, False, False, True, False]
    assert policy.update(Observation('stop', 0.9, 99.0)).changed


def test_a_rule_below_waits_for_the_end_of_a_hold():
    found = rules(Policy(config()), *['stop'] * 3, *['twenty'] * 12)
    assert found[2:12] == ['halt'] * 10
    assert found[-1] == 'slow'


def lingering(**slow):
    rules_ = yaml.safe_load(TEXT)['rules']
    rules_[1] = {**rules_[1], 'hold_s': 0.0, 'linger_s': 0.5, **slow}
    return config(rules=rules_)


def test_a_rule_lingers_from_when_its_classes_were_last_seen():
    # two images after the last of its classes it still has the votes
    found = rules(Policy(lingering()), *['twenty'] * 8, *['x'] * 12)
    assert found[2:14] == ['slow'] * 12
    assert found[14:] == ['cruise'] * 6


def test_what_is_seen_once_more_lingers_once_more():
    found = rules(Policy(lingering()), *['twenty'] * 5, *['x'] * 4, *['twenty'] * 5, *['x'] * 4)
    assert found[2:] == ['slow'] * 16


def test_a_rule_above_ends_lingering():
    found = rules(Policy(lingering()), *['twenty'] * 5, *['stop'] * 4)
    assert found[-3:] == ['slow', 'halt', 'halt']


def test_what_a_rule_does_not_mention_stays_safe():
    lamp = {'kind': 'float64', 'topic': 'lamp', 'fields': {
        'data': {'min': 0.0, 'max': 1.0, 'safe': 1.0, 'max_rate_per_s': 9.0}}}
    policy = Policy(config(actuators={**yaml.safe_load(TEXT)['actuators'], 'lamp': lamp}))
    rules(policy, 'x', 'x')
    commands = policy.update(Observation('x', 0.9, 0.2)).commands
    assert commands['base'].values == {'linear.x': 0.5}
    assert commands['lamp'].values == {'data': 1.0}


@given(st.lists(st.tuples(st.sampled_from(['stop', 'twenty', 'x', None]),
                          st.floats(),
                          st.one_of(st.floats(0, 9), st.floats())), max_size=60))
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
    ('default: true', 'default: true\n    release_after_s: 1.0', 27, ['release_after_s']),
    ('release_after_s: 3.0', 'release_after_s: 0.5', 16, ['release_after_s', 'hold_s', '1.0']),
    ('name: slow', 'name: slow\n    rearm_after_s: 2.0', 19, ['rearm_after_s', 'release_after_s']),
    ('needed: 3', 'needed: 3, max_age_s: 0', 8, ['votes.max_age_s', 'greater than 0']),
    ('[thirty, twenty]', '[thirty, more], more: [twenty]', 9, ['groups.limits.1', 'classes']),
    ('{limits: [thirty, twenty]', '{limits: [thirty], abstain: [x]', 9, ['groups.abstain']),
    ('topic: cmd_vel', 'topic: /cmd_vel', 5, ['topic', 'relative name', '/cmd_vel']),
    ('  base:\n', '  my base:\n', 3, ['actuators.my base', 'letters']),
    ('max: 0.6', 'max: 0.6, max: 6.0', 7, ['max', 'already given']),
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


def test_two_actuators_do_not_share_a_topic():
    base = yaml.safe_load(TEXT)['actuators']['base']
    with pytest.raises(ValidationError, match='already the topic of actuator base'):
        config(actuators={'base': base, 'other': base})


def test_a_class_that_the_model_lacks_is_named():
    with pytest.raises(ConfigError, match=r'rule `halt`: .*no class "stop"'):
        check_labels(config(), ['x', 'twenty', 'thirty'])


LIMITED = """
  - name: thirty
    when: [thirty]
    remember: {base: {linear.x: 0.3}}
    command: {base: {linear.x: 0.3}}
  - name: end
    when: [end]
    remember: {}
    command: {base: {linear.x: 0.5}}
"""


def limited():
    first, _, others = TEXT.partition('  - name: slow')
    return ControlConfig.model_validate(yaml.safe_load(
        f'{first}{LIMITED}  - name: slow{others.replace("[limits]", "[twenty]")}'))


def speeds(policy, *labels):
    """Show each class three times; return the speed after each third one."""
    times = iter(range(1000))
    return [[policy.update(Observation(label, 0.9, next(times) * 0.6)).commands for _ in range(3)]
            [-1]['base'].values['linear.x'] for label in labels]


def test_a_limit_outlasts_its_sign_until_another_one_ends_it():
    assert speeds(Policy(limited()), 'x', 'thirty', 'x', 'stop', 'twenty', 'x', 'end', 'x') == \
        [0.5, 0.3, 0.3, 0.0, 0.2, 0.3, 0.5, 0.5]


def test_a_limit_outlasts_a_clock_that_is_set_back():
    policy = Policy(limited())
    assert speeds(policy, 'thirty', 'x') == [0.3, 0.3]
    assert speeds(policy, 'x', 'end') == [0.3, 0.5]


def test_a_limit_bounds_both_directions():
    text = LIMITED.replace('linear.x: 0.3', 'linear.x: 0.1').replace(
        '{linear.x: 0.5}', '{linear.x: -0.2}')
    data = yaml.safe_load(TEXT.partition('rules')[0])
    data['actuators']['base']['fields']['linear.x']['min'] = -0.6
    data['rules'] = [*yaml.safe_load(text), *yaml.safe_load(TEXT)['rules']]
    data['rules'][1]['remember'] = None
    config = ControlConfig.model_validate(data)
    assert speeds(Policy(config), 'thirty', 'end') == [0.1, -0.1]


@pytest.mark.parametrize('remember, reason', [
    ({'arm': {'linear.x': 0.3}}, 'no such actuator, allowed are base'),
    ({'base': {'angular.z': 0.3}}, 'no such field, allowed are linear.x'),
    ({'base': {'linear.x': -0.3}}, 'greater than or equal to 0'),
])
def test_a_limit_of_something_unknown_is_refused(remember, reason):
    data = yaml.safe_load(TEXT)
    data['rules'][0]['remember'] = remember
    with pytest.raises(ValidationError, match=reason):
        ControlConfig.model_validate(data)


def test_a_limit_that_would_keep_from_the_safe_state_is_refused():
    data = yaml.safe_load(TEXT)
    data['actuators']['base']['fields']['linear.x']['safe'] = 0.4
    data['rules'][0]['remember'] = {'base': {'linear.x': 0.3}}
    with pytest.raises(ValidationError, match='must not keep the field from its safe value'):
        ControlConfig.model_validate(data)
