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


"""The commands of the shipped rules for each sign of the shipped model."""

import itertools

from digiphys_ros.control.config import check_labels, load_control
from digiphys_ros.control.policy import Observation, Policy
from digiphys_ros.resources import share_dir
import pytest

SHARE = share_dir()
CONTROL = load_control(SHARE / 'config' / 'traffic_signs_rules.yaml')
SIGNS = (SHARE / 'config' / 'labels' / 'gtsrb.txt').read_text().split('\n')[:43]

HALT = {'stop', 'no entry', 'no vehicles'}
SLOW = {'speed limit 20', 'speed limit 30', 'yield', *SIGNS[18:32]}
RIGHT = {'keep right', 'turn right ahead'}
LEFT = {'keep left', 'turn left ahead'}
CRUISE = {'no_sign', *SIGNS} - HALT - SLOW - RIGHT - LEFT - {'roundabout'}


def at(sign, images=6):
    """Return forward speed and turn rate after some images of a sign at 30 Hz."""
    policy = Policy(CONTROL)
    score = 0.0 if sign is None else 0.95
    for index in range(images):
        decision = policy.update(Observation(sign, score, index / 30))
    values = decision.commands['base'].values
    return values['linear.x'], values['angular.z']


@pytest.mark.parametrize('sign', sorted(HALT))
def test_traffic_signs_rules_stop_class_stops(sign):
    assert at(sign) == (0.0, 0.0)


@pytest.mark.parametrize('sign', sorted(SLOW))
def test_traffic_signs_rules_low_limit_slows(sign):
    forward_mps, turn_radps = at(sign)
    assert 0.0 < forward_mps <= 0.2
    assert turn_radps == 0.0


@pytest.mark.parametrize('sign', sorted(RIGHT))
def test_traffic_signs_rules_right_turn_is_negative(sign):
    forward_mps, turn_radps = at(sign)
    assert forward_mps == 0.25
    assert turn_radps < -0.2


@pytest.mark.parametrize('sign', sorted(LEFT))
def test_traffic_signs_rules_left_turn_is_positive(sign):
    forward_mps, turn_radps = at(sign)
    assert forward_mps == 0.25
    assert turn_radps > 0.2


def test_traffic_signs_rules_roundabout_is_slow_and_slightly_right():
    forward_mps, turn_radps = at('roundabout')
    assert 0.0 < forward_mps <= 0.2
    assert -0.2 < turn_radps < 0.0


@pytest.mark.parametrize('sign', sorted(CRUISE))
def test_traffic_signs_rules_free_class_cruises(sign):
    assert at(sign) == (0.5, 0.0)


RULES = sorted((SHARE / 'config').glob('*_rules.yaml'))
NOTHING = {'abstention': itertools.repeat((None, 0.0)),
           'random classes': ((f'class {index}', 0.99) for index in itertools.count())}


@pytest.mark.parametrize('unsure', [None, 'a class nobody knows'])
def test_traffic_signs_rules_abstention_is_careful_and_stops(unsure):
    assert at(unsure) == (0.3, 0.0)
    assert at(unsure, images=200) == (0.0, 0.0)


def moved(control, command):
    """Return whether a command differs from the typed safe state."""
    return {name: one.values for name, one in command.items()} != control.safe_command()


@pytest.mark.parametrize('path', RULES, ids=lambda path: path.stem)
@pytest.mark.parametrize('nothing', NOTHING)
def test_traffic_signs_rules_no_class_moves_for_max_unsure_s(path, nothing):
    """The docs: each command passes a gate that stops when an image is not understood."""
    control, period_s = load_control(path), 1 / 30
    known = next(iter(control.classes(next(
        rule for rule in control.rules if control.command(rule) != control.safe_command()))))
    policy = Policy(control)
    for index in range(control.votes.window):
        decision = policy.update(Observation(known, 0.99, index * period_s))
    assert moved(control, decision.commands)
    last_s = decision.commands[next(iter(decision.commands))].stamp_s
    stamps = [last_s + (index + 1) * period_s for index in range(10_000)]
    seen = itertools.islice(NOTHING[nothing], len(stamps))
    moving = [stamp_s for stamp_s, (label, score) in zip(stamps, seen, strict=True)
              if moved(control, policy.update(Observation(label, score, stamp_s)).commands)]
    rule = control.rule_for(known)
    bound_s = control.votes.max_unsure_s + rule.min_hold_s + rule.off_delay_s + \
        (control.votes.window - control.votes.needed) * period_s
    assert moving
    assert moving[-1] - last_s <= bound_s + 1e-6


def test_traffic_signs_rules_stop_then_continue_carefully():
    assert at('stop', images=100) == (0.0, 0.0)
    assert at('stop', images=140) == (0.3, 0.0)


def test_traffic_signs_rules_every_sign_has_its_rule():
    assert len(SIGNS) == 43
    assert not [sign for sign in SIGNS if CONTROL.rule_for(sign).default]


def test_traffic_signs_rules_match_the_shipped_model():
    from digiphys_ros.bundles import load_bundle
    labels = load_bundle(SHARE / 'models' / 'traffic_signs').labels
    assert labels == (*SIGNS, 'no_sign')
    check_labels(CONTROL, labels)
