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

from dataclasses import replace

from digiphys_ros.control.settings import GateSettings, PolicySettings
from digiphys_ros.errors import ConfigError
from digiphys_ros.perception import Frame
from digiphys_ros.perception.camera_checks import Limits
from digiphys_ros.pipeline.pipeline import (
    load_classifier,
    load_pipeline,
    load_rules,
    Pipeline,
)
from digiphys_ros.pipeline.settings import ClassifierSettings, load_settings, PipelineSettings
from digiphys_ros.resources import share_dir
import pytest

SETTINGS = load_settings(share_dir() / 'config' / 'traffic_signs.yaml')


@pytest.fixture(scope='module')
def classifier():
    return load_classifier(SETTINGS, load_rules(SETTINGS))


@pytest.fixture
def pipeline(classifier):
    return Pipeline(SETTINGS, load_rules(SETTINGS), classifier)


def drive(pipeline, frames, start_s=10.0):
    """Process frames at 20 Hz; return the command of the base after each."""
    sent = []
    for index, frame in enumerate(frames):
        now_s = start_s + index / 20
        result = pipeline.perceive(frame)
        if result is not None:
            label, score = result.scores[0] if result.scores else (None, 0.0)
            pipeline.obey(pipeline.decide(label, score, now_s, 0.01).commands, now_s + 0.01)
        sent.append(pipeline.step(now_s + 0.01)['base'])
    return sent


def course(count):
    """Return frames of the drawn course, which begins without a sign."""
    from digiphys_ros.applications.traffic_signs.drawn_course import Course
    frames = Course(seed=0, rate_hz=20.0).frames(loop=True)
    return [Frame(next(frames).pixels, 'rgb') for _ in range(count)]


def test_pipeline_images_move_and_their_end_is_the_safe_state(pipeline):
    # a free road, then a stop sign that becomes readable
    sent = drive(pipeline, course(45))
    assert sent[0].values['linear.x'] == 0.0
    assert sent[9].values['linear.x'] > 0.0
    assert sent[-1].values['linear.x'] == 0.0
    assert sent[-1].obeyed_stamp_s is not None
    last = pipeline.step(10.0 + 45 / 20 + SETTINGS.gate.lease_s + 0.1)['base']
    assert last.values['linear.x'] == 0.0
    assert last.obeyed_stamp_s is None


def test_pipeline_frozen_camera_is_not_classified(pipeline):
    frame = course(1)[0]
    assert pipeline.perceive(frame) is not None
    assert pipeline.perceive(frame) is None
    [camera] = pipeline.perception.cameras
    assert camera.counts['repeated'] == 1


@pytest.mark.parametrize('step', ['classifier', 'policy', 'gate'])
def test_pipeline_restarted_step_has_no_memory(pipeline, step):
    frames = course(12)
    drive(pipeline, frames)
    gates = pipeline.gates
    pipeline.restart(step)
    if step == 'classifier':
        assert pipeline.perceive(frames[-1]) is not None
    elif step == 'policy':
        assert not pipeline.decide('stop', 0.99, 20.0).commands
    else:
        assert pipeline.gates is not gates
        assert pipeline.step(20.0)['base'].values['linear.x'] == 0.0


def test_pipeline_without_rules_commands_nothing(classifier):
    pipeline = Pipeline(PipelineSettings(), None, classifier)
    assert not pipeline.decide('stop', 0.99, 1.0).commands
    assert pipeline.step(1.0) == {}


def test_pipeline_model_that_does_not_match_the_rules_is_refused():
    wired = replace(SETTINGS, classifier=ClassifierSettings(bundle='chest_xray'))
    with pytest.raises(ConfigError, match='for advice to a person'):
        load_pipeline(wired)
    wired = replace(SETTINGS, classifier=ClassifierSettings(bundle='sorting_line'))
    with pytest.raises(ConfigError, match='has no class'):
        load_pipeline(wired)


def test_pipeline_settings_reach_each_step(classifier):
    settings = PipelineSettings(
        ClassifierSettings(limits=Limits(min_brightness=250.0)),
        PolicySettings(), GateSettings(lease_s=0.05, future_tolerance_s=0.0))
    pipeline = Pipeline(settings, load_rules(settings), classifier)
    assert pipeline.perceive(course(1)[0]) is None
    commands = {'base': None}
    for index in range(5):
        commands = pipeline.decide('no_sign', 0.99, 1.0 + index / 20).commands or commands
    pipeline.obey(commands, 1.2)
    assert pipeline.step(1.21)['base'].obeyed_stamp_s == 1.2
    assert pipeline.step(1.26)['base'].obeyed_stamp_s is None
    pipeline.obey({'base': replace(commands['base'], stamp_s=1.3001)}, 1.3)
    assert pipeline.step(1.3)['base'].obeyed_stamp_s is None
