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

from types import SimpleNamespace

from digiphys_ros.advice import Model
from digiphys_ros.applications import find_application, make_application
from digiphys_ros.applications.triage.application import report
from digiphys_ros.errors import ConfigError, UsageError
from digiphys_ros.simulation.advisor import SimulatedAdvisor
from digiphys_ros.simulation.loop import make_pipeline, report_arguments, run_loop
import numpy as np
import pytest


def test_triage_shows_phantoms_until_the_last():
    triage = make_application('triage', camera=False)
    shown = []
    while not triage.ended:
        assert triage.image().shape == (224, 224)
        shown.append((triage.ground_truth(), triage.image().tobytes()))
        triage.advance(1 / triage.rate_hz, {})
    assert len({image for _, image in shown}) == len(shown) == triage.state()['images'] == 40
    assert {ground_truth for ground_truth, _ in shown} == {'normal', 'pneumonia'}
    assert len(triage.events()) == 40


def test_advance_image_stays_for_its_duration():
    triage = make_application('triage', 3, camera=False)
    first = triage.image()
    triage.advance(0.2, {})
    assert (triage.image() == first).all()
    triage.advance(0.3, {})
    assert (triage.image() != first).any()


def test_triage_with_data_shows_the_data_set(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    np.savez(tmp_path / 'x.npz', x=images, y=np.array([0, 1, 1]))
    triage = make_application('triage', camera=False, data=str(tmp_path / 'x.npz'))
    seen = []
    while not triage.ended:
        seen.append((triage.ground_truth(), triage.image()))
        triage.advance(0.5, {})
    assert [ground_truth for ground_truth, _ in seen] == ['normal', 'pneumonia', 'pneumonia']
    assert (np.stack([image for _, image in seen]) == images).all()


def test_advance_with_a_command_is_refused():
    triage = make_application('triage', camera=False)
    with pytest.raises(UsageError, match='triage has no actuator and takes no command, received '
                                         'one for base'):
        triage.advance(0.1, {'base': {'linear.x': 0.1}})
    assert triage.time_s == 0.0


def test_report_orders_uncertain_cases_first_and_has_agreement():
    advisor = SimulatedAdvisor(Model('xray', ''))
    frames = [SimpleNamespace(
        ground_truth=ground_truth, prediction=prediction, score=score, time_s=0.0)
              for ground_truth, prediction, score in (
                  ('normal', 'normal', 0.99), ('pneumonia', None, 0.0),
                  ('normal', 'pneumonia', 0.91), (None, 'normal', 0.95))]
    for frame in frames:
        advisor.count_image()
        advisor.advise(None, frame.prediction, frame.score, frame.time_s)
    result = report(frames, advisor.audit())
    assert (result['images'], result['advised'], result['abstained']) == (4, 3, 1)
    assert result['agreement'] == {'answered': 2, 'right': 1, 'fraction': 0.5}
    assert [case['image'] for case in result['queue']] == [2, 3, 4, 1]
    assert result['queue'][0]['reason'].startswith('No advice')
    assert result['log_verified']


def test_make_pipeline_model_for_advice_with_actuator_is_refused(tmp_path):
    sentence = 'chest_xray is for advice to a person: no rule and no actuator may use it'
    with pytest.raises(ConfigError, match=sentence):
        make_pipeline(find_application('sorting'), bundle='chest_xray')
    wired = tmp_path / 'wired.yaml'
    wired.write_text('/**/classifier:\n  ros__parameters: {bundle: chest_xray}\n'
                     '/**/policy:\n  ros__parameters: {rules: sorting_rules.yaml}\n')
    with pytest.raises(ConfigError, match=sentence):
        make_pipeline(find_application('triage'), config=wired)


def test_run_loop_triage_advises_and_sends_no_command():
    triage = make_application('triage')
    recording = run_loop(triage, make_pipeline(find_application('triage')), 60.0)
    result = report(*report_arguments(recording))
    assert result['images'] == len(result['queue']) == 40
    assert result['advised'] + result['abstained'] == result['logged'] == 40
    assert result['agreement']['answered'] >= 20
    assert result['agreement']['fraction'] >= 0.8
    for case in result['queue']:
        # one that advises says which part of the image the advice depends on
        assert ('the answer depends on' in case['reason']) is (case['explanation'] is not None) \
            is not case['reason'].startswith('No advice')
    assert recording.commands == 0
    assert not recording.frames[-1].gate_states
