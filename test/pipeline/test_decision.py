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

import itertools

from digiphys_ros.contracts import ModelFacts
from digiphys_ros.control.config import load_control
from digiphys_ros.control.policy import NOT_RECOGNISED
from digiphys_ros.errors import ConfigError
from digiphys_ros.pipeline.decision import Decider
from digiphys_ros.resources import share_dir
import pytest

CONTROL = load_control(share_dir() / 'config' / 'traffic_signs_rules.yaml')
LABELS = tuple(set().union(*map(CONTROL.classes, CONTROL.rules)) - {'abstain'})


@pytest.fixture
def decider():
    return Decider(CONTROL, 'traffic_signs_rules.yaml', '/robot1/policy')


def announce(decider, use='control', labels=LABELS, **options):
    return decider.check_model('signs@1', lambda: facts(use, labels), **options)


def facts(use, labels):
    return ModelFacts(labels=dict(zip(map(str, itertools.count()), labels, strict=False)), use=use)


def show(decider, label, images=5, start_s=100.0):
    """Observe one class, or none, at 20 Hz; return the last decision."""
    for index in range(images):
        stamp_s = start_s + index / 20
        results = [] if label is None else [(label, 0.99)]
        decision = decider.decide(results, stamp_s, 0.02, stamp_s + 0.02)
    return decision


def test_decider_without_a_model_commands_nothing(decider):
    assert show(decider, 'stop') is None
    assert decider.warning == 'waits for vision_info, which describes the model'
    assert decider.fix().startswith('ros2 ') or '/robot1/classifier' in decider.fix()
    assert announce(decider) == {'model': ''}
    decision = show(decider, 'stop', start_s=200.0)
    assert decision.commands['base'].values['linear.x'] == 0.0
    assert decider.rule == decision.rule
    assert not decider.silence
    assert not decider.warning
    assert decider.received == 10


def test_decider_model_for_advice_silences_until_restart(decider):
    [(about, sentence)] = announce(decider, use='advice').items()
    assert about == 'use'
    assert 'for advice to a person' in sentence
    # neither a model for control nor time changes that
    announce(decider)
    assert show(decider, 'stop') is None
    assert decider.silence == sentence
    assert 'ros2 lifecycle set /robot1/policy deactivate' in decider.fix()
    decider.restart()
    announce(decider)
    assert show(decider, 'stop', start_s=200.0) is not None


def test_decider_model_without_a_class_silences_until_another_matches(decider):
    found = announce(decider, labels=['stop'])
    assert 'has no class' in found['model']
    assert show(decider, 'stop') is None
    # with another model, it may still be in use
    announce(decider, alone=False)
    assert decider.silence
    announce(decider)
    assert not decider.silence
    assert show(decider, 'stop', start_s=200.0) is not None


def test_decider_unreadable_model_facts_silence(decider):
    def unreadable():
        raise ConfigError('vision_info is cut off')
    assert 'vision_info is cut off' in decider.check_model('x', unreadable)['model']
    assert show(decider, 'stop') is None


@pytest.mark.parametrize('results', [[('stop', 1.5)], [('stop', float('nan'))],
                                     [('abstain', 0.9)]])
def test_decider_invalid_score_is_refused_and_counted(decider, results):
    announce(decider)
    decider.decide(results, 1.0, 0.0, 1.0)
    assert decider.refused == 1
    assert decider.warning.startswith('refused: ')
    assert 'scores must be from 0 to 1' in decider.fix()


@pytest.mark.parametrize('stops', [False, True])
def test_decider_two_senders_warn_or_stop(decider, stops):
    announce(decider)
    decider.duplicates, decider.stops_on_duplicates = '2 publishers on classification', stops
    decision = show(decider, 'stop')
    assert (decision is None) is stops
    assert (decider.silence or decider.warning) == '2 publishers on classification'
    assert '/robot1/classification' in decider.fix()


def test_decider_images_without_a_class_are_reported_after_a_while(decider):
    announce(decider)
    show(decider, 'stop')
    show(decider, None, images=200, start_s=101.0)
    assert NOT_RECOGNISED in decider.warning
    assert 'the safe state is commanded' in decider.warning
    assert '/robot1/debug_image' in decider.fix()
