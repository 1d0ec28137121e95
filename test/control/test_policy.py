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
from digiphys_ros.control.policy import best_of, NOT_RECOGNISED, Observation, Policy
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
    min_hold_s: 1.0
    max_hold_s: 3.0
    command: {base: {linear.x: 0.0}}
  - name: slow
    when: [limits]
    min_hold_s: 0.5
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
    """Observe classes, or (class, score), in sequence; return the rule after each."""
    pairs = [one if isinstance(one, tuple) else (one, 0.9) for one in seen]
    return [policy.update(Observation(label, score, start_s + index * period_s)).rule
            for index, (label, score) in enumerate(pairs)]


def test_policy_before_enough_votes_commands_nothing():
    policy = Policy(config())
    decisions = [policy.update(Observation('stop', 0.9, index / 10)) for index in range(3)]
    assert [decision.rule for decision in decisions] == [None, None, 'halt']
    assert not decisions[1].commands
    assert decisions[2].commands['base'].values == {'linear.x': 0.0}
    assert decisions[2].commands['base'].stamp_s == 0.2


def test_policy_minority_is_outvoted():
    seen = ['twenty'] * 3 + ['stop'] * 2 + ['twenty'] * 2
    assert rules(Policy(config()), *seen)[2:] == ['slow'] * 5


def test_policy_group_includes_its_classes():
    assert rules(Policy(config()), 'twenty', 'thirty', 'twenty')[-1] == 'slow'


def test_policy_low_score_does_not_vote():
    assert rules(Policy(config()), *[('stop', 0.5)] * 4)[-1] == 'cruise'


def test_policy_release_score_keeps_a_rule_active():
    seen = [('stop', 0.9)] * 3 + [('stop', 0.4)] * 15
    assert rules(Policy(config()), *seen)[-1] == 'halt'


def test_policy_min_hold_s_outlasts_the_sign():
    found = rules(Policy(config()), *['stop'] * 3, *['x'] * 12)
    assert found[2:12] == ['halt'] * 10
    assert found[-1] == 'cruise'


def test_policy_earlier_rule_interrupts_min_hold_s():
    assert rules(Policy(config()), *['twenty'] * 3, *['stop'] * 3)[-1] == 'halt'


def test_policy_max_hold_s_ends_a_stop_until_the_sign_is_gone():
    policy = Policy(config())
    found = rules(policy, *['stop'] * 40)
    assert found[2:32] == ['halt'] * 30
    assert found[33:] == ['cruise'] * 7
    assert rules(policy, *['x'] * 5, *['stop'] * 3, start_s=4.0)[-1] == 'halt'


def test_policy_retrigger_after_s_activates_a_rule_again():
    listed = yaml.safe_load(TEXT)['rules']
    policy = Policy(config(rules=[{**listed[0], 'retrigger_after_s': 2.0}, *listed[1:]]))
    found = rules(policy, *['stop'] * 60)
    assert found[2:32] == ['halt'] * 30
    assert found[33:51] == ['cruise'] * 18
    assert found[53:] == ['halt'] * 7


def test_policy_abstention_activates_its_rule():
    seen = ['twenty'] * 3 + [(None, 0.0)] * 10
    assert rules(Policy(config()), *seen)[-1] == 'unsure'


def test_policy_time_that_goes_back_restarts_the_votes():
    policy = Policy(config())
    rules(policy, *['stop'] * 5, start_s=100.0)
    assert rules(policy, 'twenty', 'twenty', 'twenty') == [None, None, 'slow']


def test_policy_late_image_changes_nothing():
    policy = Policy(config())
    assert rules(policy, *['stop'] * 5, start_s=100.0)[-1] == 'halt'
    late = policy.update(Observation('x', 0.9, 99.9))
    assert (late.rule, late.commands, late.changed) == ('halt', {}, False)
    assert rules(policy, 'stop', start_s=101.0)[-1] == 'halt'


@pytest.mark.parametrize('length', [9, 25, 100])
def test_policy_looping_recording_of_any_length_is_followed(length):
    policy = Policy(config())
    for _ in range(3):
        decisions = [policy.update(Observation('twenty', 0.9, index / 10))
                     for index in range(length)]
        assert decisions[-1].commands['base'].values == {'linear.x': 0.2}


def test_policy_looping_recording_without_class_bounds_motion():
    policy = Policy(config())
    laps = [rules(policy, *[(None, 0.0)] * 10) for _ in range(9)]
    assert laps[0][-1] == 'unsure'
    assert laps[-1][-1] == NOT_RECOGNISED


def test_policy_second_camera_with_older_stamps_restarts_no_votes():
    policy = Policy(config())
    found = [rules(policy, name, start_s=start_s)[0] for index in range(20)
             for name, start_s in (('stop', 10.0 + index / 10), ('twenty', 9.95 + index / 10))]
    assert found[6:] == ['halt'] * 34


def test_policy_default_rule_comes_last_at_any_place():
    listed = yaml.safe_load(TEXT)['rules']
    policy = Policy(config(rules=[listed[-1], *listed[:-1]]))
    assert rules(policy, *['stop'] * 4)[2:] == ['halt'] * 2


def test_policy_repeated_image_has_no_vote_and_no_command():
    policy = Policy(config())
    assert rules(policy, *['stop'] * 9, period_s=0.0) == [None] * 9
    assert rules(policy, *['stop'] * 2, start_s=0.1)[-1] == 'halt'
    again = policy.update(Observation('x', 0.9, 0.2))
    assert again.rule == 'halt'
    assert not again.commands


def test_policy_after_a_pause_drops_earlier_votes():
    policy = Policy(config())
    assert rules(policy, *['twenty'] * 5)[-1] == 'slow'
    assert rules(policy, *['stop'] * 3, start_s=10.0) == [None, None, 'halt']


def test_policy_after_a_pause_a_stop_starts_again():
    policy = Policy(config())
    assert rules(policy, *['stop'] * 40)[-1] == 'cruise'
    assert rules(policy, *['stop'] * 3, start_s=10.0)[-1] == 'halt'


@pytest.mark.parametrize('stamp_s', [math.nan, math.inf, -math.inf])
def test_policy_image_without_time_is_ignored(stamp_s):
    policy = Policy(config())
    rules(policy, *['stop'] * 3)
    decision = policy.update(Observation('x', 0.9, stamp_s))
    assert decision.rule == 'halt'
    assert not decision.commands
    assert rules(policy, *['stop'] * 40, start_s=0.3)[-1] == 'cruise'


def test_policy_decision_reports_a_change_of_rule():
    policy = Policy(config())
    decisions = [policy.update(Observation(label, 0.9, index / 10))
                 for index, label in enumerate(['twenty'] * 4 + ['stop'] * 4)]
    assert [decision.changed for decision in decisions] == [
        False, False, True, False, False, False, True, False]
    assert policy.update(Observation('stop', 0.9, 99.0)).changed


def test_policy_later_rule_waits_for_the_end_of_min_hold_s():
    found = rules(Policy(config()), *['stop'] * 3, *['twenty'] * 12)
    assert found[2:12] == ['halt'] * 10
    assert found[-1] == 'slow'


def off_delayed(**slow):
    rules_ = yaml.safe_load(TEXT)['rules']
    rules_[1] = {**rules_[1], 'min_hold_s': 0.0, 'off_delay_s': 0.5, **slow}
    return config(rules=rules_)


def test_policy_off_delay_s_starts_with_the_last_votes():
    # it still has the votes two images after the last of its classes
    found = rules(Policy(off_delayed()), *['twenty'] * 8, *['x'] * 12)
    assert found[2:14] == ['slow'] * 12
    assert found[14:] == ['cruise'] * 6


def test_policy_off_delay_s_starts_again_with_each_sighting():
    found = rules(Policy(off_delayed()), *['twenty'] * 5, *['x'] * 4, *['twenty'] * 5, *['x'] * 4)
    assert found[2:] == ['slow'] * 16


def test_policy_earlier_rule_interrupts_off_delay_s():
    found = rules(Policy(off_delayed()), *['twenty'] * 5, *['stop'] * 4)
    assert found[-3:] == ['slow', 'halt', 'halt']


def test_policy_actuator_without_command_stays_safe():
    lamp = {'kind': 'float64', 'topic': 'lamp', 'fields': {
        'data': {'min': 0.0, 'max': 1.0, 'safe': 1.0, 'max_rate_per_s': 9.0}}}
    policy = Policy(config(actuators={**yaml.safe_load(TEXT)['actuators'], 'lamp': lamp}))
    rules(policy, 'twenty', 'twenty')
    commands = policy.update(Observation('twenty', 0.9, 0.2)).commands
    assert commands['base'].values == {'linear.x': 0.2}
    assert commands['lamp'].values == {'data': 1.0}


@given(st.lists(st.tuples(st.sampled_from(['stop', 'twenty', 'x', None]),
                          st.floats(),
                          st.one_of(st.floats(0, 9), st.floats())), max_size=60))
def test_policy_any_observations_give_complete_commands_within_limits(seen):
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
    ('min_hold_s: 1.0', 'hold: 1.0', 15, ['hold', '1.0']),
    ('{linear.x: 0.2}', '{linear.x: 2.0}', 21, ['rules.1.command.base.linear.x', '0.0 to 0.6']),
    ('{base: {linear.x: 0.3}}', '{bass: {linear.x: 0.3}}', 24, ['bass', 'base']),
    ('name: slow', 'name: halt', 18, ['rules.1.name', 'already']),
    ('when: [abstain]', 'when: [never]', 10, ['abstain']),
    ('default: true', 'when: [y]', 10, ['default']),
    ('default: true', 'default: true\n    max_hold_s: 1.0', 27, ['max_hold_s']),
    ('max_hold_s: 3.0', 'max_hold_s: 0.5', 16, ['max_hold_s', 'min_hold_s', '1.0']),
    ('name: slow', 'name: slow\n    retrigger_after_s: 2.0', 19,
     ['retrigger_after_s', 'max_hold_s']),
    ('needed: 3', 'needed: 3, max_age_s: 0', 8, ['votes.max_age_s', 'greater than 0']),
    ('[thirty, twenty]', '[thirty, more], more: [twenty]', 9, ['groups.limits.1', 'classes']),
    ('{limits: [thirty, twenty]', '{limits: [thirty], abstain: [x]', 9, ['groups.abstain']),
    ('topic: cmd_vel', 'topic: /cmd_vel', 5, ['topic', 'relative name', '/cmd_vel']),
    ('  base:\n', '  my base:\n', 3, ['actuators.my base', 'letters']),
    ('max: 0.6', 'max: 0.6, max: 6.0', 7, ['max', 'already given']),
])
def test_load_control_invalid_file_names_line_and_field(tmp_path, old, new, line, words):
    assert old in TEXT
    path = tmp_path / 'rules.yaml'
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(ConfigError) as refused:
        load_control(path)
    assert f'{path}:{line}: field' in str(refused.value)
    for word in words:
        assert word in str(refused.value)


def test_load_control_shared_topic_is_refused():
    base = yaml.safe_load(TEXT)['actuators']['base']
    with pytest.raises(ValidationError, match='already the topic of actuator base'):
        config(actuators={'base': base, 'other': base})


def test_check_labels_missing_class_names_class_model_and_fixes():
    with pytest.raises(ConfigError, match=r'rule `halt`: .*no class "stop"') as refused:
        check_labels(config(), ['x', 'twenty', 'thirty'], 'signs@1')
    for words in ('the model signs@1', 'use a model that has it', '`optional_labels`'):
        assert words in str(refused.value)


def test_check_labels_missing_optional_class_passes():
    check_labels(config(optional_labels=['stop']), ['x', 'twenty', 'thirty'])
    with pytest.raises(ConfigError, match='no class "twenty"'):
        check_labels(config(optional_labels=['stop']), ['x', 'thirty'])


@pytest.mark.parametrize('label', ['stpo', 'limits', 'abstain'])
def test_optional_labels_without_a_rule_is_refused(label):
    with pytest.raises(ValidationError, match='must be a class that a rule names'):
        config(optional_labels=[label])


def timeline(policy, *seen, period_s=0.1):
    """Return the rule and the speed after each class or (class, score); None without a command."""
    pairs = [one if isinstance(one, tuple) else (one, 0.9) for one in seen]
    decisions = [policy.update(Observation(label, score, index * period_s))
                 for index, (label, score) in enumerate(pairs)]
    return [(one.rule, one.commands['base'].values['linear.x'] if one.commands else None)
            for one in decisions]


UNSURE = {'abstention': (None, 0.0), 'unknown class': 'x', 'low score': ('stop', 0.2)}


@pytest.mark.parametrize('seen', UNSURE.values(), ids=UNSURE)
def test_policy_no_class_at_the_start_moves_for_max_unsure_s(seen):
    found = timeline(Policy(config()), *[seen] * 100)
    # three images are needed to decide: motion is allowed from 0.2 s to 2.2 s
    assert all(speed for _, speed in found[2:22])
    assert found[23:] == [(NOT_RECOGNISED, 0.0)] * 77


@pytest.mark.parametrize('seen', UNSURE.values(), ids=UNSURE)
def test_policy_no_class_any_more_moves_for_max_unsure_s(seen):
    found = timeline(Policy(config()), *['twenty'] * 10, *[seen] * 100, *['twenty'] * 24)
    # counted from the last image of `twenty`, not from the last with three of five votes
    moving = [index for index, (_, speed) in enumerate(found) if speed]
    assert max(one for one in moving if one < 110) in (9 + 19, 9 + 20)
    # from the third image of `twenty` on, the two unsure seconds are paid back
    assert found[32:131] == [(NOT_RECOGNISED, 0.0)] * 99
    assert found[132:] == [('slow', 0.2)] * 2


@pytest.mark.field('stereolabs/zed-python-api #224', 'the images are upside down all at once')
@pytest.mark.parametrize('seen', UNSURE.values(), ids=UNSURE)
@pytest.mark.parametrize('known', [1, 4, 15], ids=lambda known: f'{known} images known')
def test_policy_class_seen_rarely_stops_permanently(seen, known):
    found = timeline(Policy(config()), *[*[seen] * (known + 8), *['twenty'] * known] * 20)
    moving = [index for index, (_, speed) in enumerate(found) if speed]
    # a class every two seconds would otherwise keep it moving
    assert moving and max(moving) <= 2 + 20 + 7 * known
    assert found[-1][0] == NOT_RECOGNISED


def test_policy_class_seen_mostly_keeps_moving():
    found = timeline(Policy(config()), *[*[None] * 15, *['twenty'] * 20] * 20)
    assert all(speed for _, speed in found[2:])


def test_policy_unsure_time_is_paid_back_within_ten_seconds():
    votes = {'window': 5, 'needed': 3, 'max_unsure_s': 120.0}
    found = timeline(Policy(config(votes=votes)), *[None] * 1300, *['twenty'] * 103)
    assert found[1300] == (NOT_RECOGNISED, 0.0)
    assert found[-1] == ('slow', 0.2)


def test_policy_pause_does_not_pay_back_unsure_time():
    policy = Policy(config())
    assert rules(policy, *[None] * 40)[-1] == NOT_RECOGNISED
    assert rules(policy, *['twenty'] * 4, start_s=100.0)[-1] == NOT_RECOGNISED


def test_policy_class_of_a_minority_is_not_recognised():
    found = timeline(Policy(config()), *['twenty'] * 5, *['twenty', 'x', None, 'twenty', 'x'] * 20)
    assert found[-1] == (NOT_RECOGNISED, 0.0)


def test_policy_class_of_an_expired_rule_is_still_recognised():
    found = timeline(Policy(config()), *['stop'] * 200)
    assert found[-1] == ('cruise', 0.5)


def with_first_rule(**first):
    listed = yaml.safe_load(TEXT)['rules']
    return config(rules=[
        {'name': 'first', 'command': {'base': {'linear.x': 0.4}}, **first}, *listed])


@pytest.mark.parametrize('stay', ['min_hold_s', 'off_delay_s'])
def test_policy_held_rule_counts_as_recognised_until_it_ends(stay):
    found = timeline(Policy(with_first_rule(when=['go'], **{stay: 5.0})),
                     *['go'] * 3, *[None] * 150)
    moving = [index for index, (_, speed) in enumerate(found) if speed]
    # min_hold_s starts with the first image with the votes, off_delay_s with the last of the class
    assert max(moving) in (2 + 50 + 19, 2 + 50 + 20)


@pytest.mark.parametrize('stay', ['min_hold_s', 'off_delay_s'])
@pytest.mark.parametrize('when', [['abstain'], ['abstain', 'go']])
def test_policy_hold_of_an_abstention_does_not_extend_motion(stay, when):
    found = timeline(Policy(with_first_rule(when=when, **{stay: 50.0})),
                     *['twenty'] * 5, *[None] * 200)
    moving = [index for index, (_, speed) in enumerate(found) if speed]
    # `slow` stays active by its own min_hold_s
    assert max(moving) == 6 + 20


@pytest.mark.parametrize('off_delay_s', [0.0, 1.0])
@pytest.mark.parametrize('seen', UNSURE.values(), ids=UNSURE)
def test_policy_old_votes_do_not_extend_motion(seen, off_delay_s):
    wide = {'window': 1000, 'needed': 1, 'max_age_s': 1e5}
    first = with_first_rule(when=['go'], off_delay_s=off_delay_s).model_dump(mode='json')
    found = timeline(Policy(ControlConfig.model_validate({**first, 'votes': wide})),
                     'go', *[seen] * 900, period_s=0.2)
    moving = [index for index, (_, speed) in enumerate(found) if speed]
    # the off delay ends with the last image before its second is over
    assert max(moving) == (10 if off_delay_s == 0.0 else 14)
    assert found[-1] == (NOT_RECOGNISED, 0.0)


@pytest.mark.parametrize('stay', ['min_hold_s', 'off_delay_s'])
def test_policy_hold_does_not_pay_back_unsure_time(stay):
    first = with_first_rule(when=['go'], **{stay: 1.0})
    found = timeline(Policy(first), *[*['go'] * 3, *[None] * 15] * 20)
    # of 18 images 12 are in the hold, 3 show the class and the others add up to two seconds
    assert found[-1][0] == NOT_RECOGNISED


def test_policy_hold_after_max_unsure_s_keeps_the_safe_state():
    found = timeline(Policy(with_first_rule(when=['go'], min_hold_s=30.0)),
                     *[None] * 40, *['go'] * 5, *[None] * 200)
    assert found[40:] == [(NOT_RECOGNISED, 0.0)] * 205


@pytest.mark.parametrize('length', [3, 5, 7, 9, 25])
def test_policy_short_looping_recording_without_class_stops_permanently(length):
    policy = Policy(config())
    laps = [[policy.update(Observation(None, 0.0, index / 10)) for index in range(length)]
            for _ in range(40)]
    last = [one for lap in laps[20:] for decision in lap for one in decision.commands.values()]
    assert all(command.values == {'linear.x': 0.0} for command in last)


def test_policy_late_images_are_reported():
    policy = Policy(config())
    rules(policy, *['twenty'] * 5)
    late = policy.update(Observation('twenty', 0.9, 0.1))
    assert late.reason_unrecognised == 'the images come late, or in no order'


def test_policy_images_older_than_max_age_s_are_not_recognised():
    policy = Policy(config())
    found = [policy.update(Observation('twenty', 0.9, index / 10, 3.0)) for index in range(60)]
    assert found[-1].rule == NOT_RECOGNISED
    assert found[-1].reason_unrecognised == 'the images are 3.0 s old when they arrive'


@pytest.mark.parametrize(('seen', 'words'), [
    ([None] * 5, 'the classifier abstains, from 5 of the last 5 images'),
    (['twenty', None, 'twenty', None, None], 'abstains, from 3 of the last 5'),
    (['x'] * 5, 'no rule names "x"'),
    ([('stop', 0.2)] * 5, '"stop" has a score of 0.20, too low'),
    (['stop', 'x', 'x', 'twenty', 'stop'], '"stop" and other classes alternate'),
    (['stop'] * 5, ''),
], ids=lambda value: value if isinstance(value, str) else '')
def test_decision_without_a_class_gives_the_reason(seen, words):
    policy = Policy(config())
    rules(policy, *seen[:4])
    label, score = seen[4] if isinstance(seen[4], tuple) else (seen[4], 0.9)
    reason = policy.update(Observation(label, score, 0.4)).reason_unrecognised
    assert words in reason and bool(words) == bool(reason)


def test_policy_class_named_abstain_is_refused():
    policy = Policy(config())
    assert Observation('abstain', 0.9, 0.0).problem
    assert timeline(policy, *['abstain'] * 100) == [(None, None)] * 100


def test_check_labels_class_named_abstain_is_refused():
    with pytest.raises(ConfigError, match=r'signs@1 has a class "abstain".*rename the class'):
        check_labels(config(), ['stop', 'twenty', 'thirty', 'abstain'], 'signs@1')


def test_policy_clock_set_back_bounds_motion_by_the_new_clock():
    policy = Policy(config())
    rules(policy, *['twenty'] * 5, start_s=100.0)
    assert rules(policy, *[(None, 0.0)] * 40)[-1] == NOT_RECOGNISED


@pytest.mark.parametrize('value', [0, -1.0, math.inf, math.nan])
def test_votes_max_unsure_s_not_positive_and_finite_is_refused(value):
    with pytest.raises(ValidationError, match='max_unsure_s'):
        config(votes={'max_unsure_s': value})


@pytest.mark.parametrize('results', [
    [('stop', 1.5)], [('stop', -0.1)], [('stop', math.nan)], [('stop', math.inf)], [('', 0.9)],
    [('stop', 0.9), ('twenty', math.nan)], [('stop', 0.9), ('', 0.1)], [('abstain', 0.9)]])
def test_best_of_invalid_result_gets_no_command(results):
    policy = Policy(config())
    assert rules(policy, *['twenty'] * 5)[-1] == 'slow'
    impossible = best_of(results, 1.0)
    assert impossible.problem
    assert policy.update(impossible).commands == {}


def test_best_of_valid_results_returns_the_best():
    assert best_of([('a', 0.2), ('b', 0.8)], 1.0) == Observation('b', 0.8, 1.0)
    assert best_of([], 1.0) == Observation(None, 0.0, 1.0)
    assert not best_of([('a', 1.0000001192)], 1.0).problem


LIMITED = """
  - name: thirty
    when: [thirty]
    persistent_limit: {base: {linear.x: 0.3}}
    command: {base: {linear.x: 0.3}}
  - name: end
    when: [end]
    persistent_limit: {}
    command: {base: {linear.x: 0.5}}
"""


def limited():
    first, _, others = TEXT.partition('  - name: slow')
    free = '  - {name: free, when: [x], command: {base: {linear.x: 0.5}}}\n'
    text = f'{first}{LIMITED}{free}  - name: slow{others.replace("[limits]", "[twenty]")}'
    # each class needs two images before it is recognised
    return ControlConfig.model_validate(yaml.safe_load(
        text.replace('needed: 3', 'needed: 3, max_unsure_s: 60.0')))


def speeds(policy, *labels):
    """Observe each class three times; return the speed after each third one."""
    times = iter(range(1000))
    return [[policy.update(Observation(label, 0.9, next(times) * 0.6)).commands for _ in range(3)]
            [-1]['base'].values['linear.x'] for label in labels]


def test_policy_persistent_limit_stays_until_another_one():
    assert speeds(Policy(limited()), 'x', 'thirty', 'x', 'stop', 'twenty', 'x', 'end', 'x') == \
        [0.5, 0.3, 0.3, 0.0, 0.2, 0.3, 0.5, 0.5]


def test_policy_persistent_limit_survives_a_clock_set_back():
    policy = Policy(limited())
    assert speeds(policy, 'thirty', 'x') == [0.3, 0.3]
    assert speeds(policy, 'x', 'end') == [0.3, 0.5]


def test_policy_persistent_limit_bounds_both_directions():
    text = LIMITED.replace('linear.x: 0.3', 'linear.x: 0.1').replace(
        '{linear.x: 0.5}', '{linear.x: -0.2}')
    data = yaml.safe_load(TEXT.partition('rules')[0])
    data['actuators']['base']['fields']['linear.x']['min'] = -0.6
    data['rules'] = [*yaml.safe_load(text), *yaml.safe_load(TEXT)['rules']]
    data['rules'][1]['persistent_limit'] = None
    config = ControlConfig.model_validate(data)
    assert speeds(Policy(config), 'thirty', 'end') == [0.1, -0.1]


@pytest.mark.parametrize('limit, reason', [
    ({'arm': {'linear.x': 0.3}}, 'no such actuator, allowed are base'),
    ({'base': {'angular.z': 0.3}}, 'no such field, allowed are linear.x'),
    ({'base': {'linear.x': -0.3}}, 'greater than or equal to 0'),
])
def test_persistent_limit_of_unknown_actuator_or_field_is_refused(limit, reason):
    data = yaml.safe_load(TEXT)
    data['rules'][0]['persistent_limit'] = limit
    with pytest.raises(ValidationError, match=reason):
        ControlConfig.model_validate(data)


def test_persistent_limit_below_the_safe_value_is_refused():
    data = yaml.safe_load(TEXT)
    data['actuators']['base']['fields']['linear.x']['safe'] = 0.4
    data['rules'][0]['persistent_limit'] = {'base': {'linear.x': 0.3}}
    with pytest.raises(ValidationError, match='must not keep the field from its safe value'):
        ControlConfig.model_validate(data)
