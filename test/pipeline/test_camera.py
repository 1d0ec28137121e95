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

from digiphys_ros.errors import ConfigError, FrameError
from digiphys_ros.fixes import keep_one
from digiphys_ros.perception import Frame
from digiphys_ros.perception.camera_checks import Limits
from digiphys_ros.pipeline.camera import camera_names, CameraState
import numpy as np
import pytest

RNG = np.random.default_rng(0)
SILENCE = ('no frames arrive on /image', 'start the camera')


def scene(brightness=1.0):
    """Return a new frame of a scene with edges and noise."""
    rows, columns = np.mgrid[:240, :320]
    image = 128 + 60 * np.sin(rows / 9) * np.sin(columns / 7) + RNG.normal(0, 3, (240, 320))
    return Frame(np.clip(image * brightness, 0, 255).astype(np.uint8), 'mono')


@pytest.fixture
def camera():
    return CameraState(Limits())


def problem(camera, **options):
    return camera.problem('/image', '/classifier', lambda: SILENCE, **options)


def test_check_fresh_frame_is_returned(camera):
    frame = scene()
    assert camera.check(frame) is frame
    assert camera.status == 'fresh'
    assert not camera.counts


@pytest.mark.parametrize(('frames', 'verdict', 'words'), [
    (lambda: [scene(0.01)], 'black', 'black'),
    (lambda: [scene()] * 2, 'repeated', 'equals the one before')])
def test_check_blind_or_frozen_camera_returns_none_and_counts(camera, frames, verdict, words):
    assert [camera.check(frame) for frame in frames()][-1] is None
    assert words in camera.status
    assert camera.counts == {verdict: 1}


def test_adjust_changes_the_next_frame(camera):
    dark = scene(0.01)
    assert camera.check(dark) is None
    camera.adjust(Limits(min_brightness=0.0, min_contrast=0.0, drop_duplicate_frames=False,
                         max_saturated=1.0, max_dead=1.0, min_sharpness=0.0, min_correlation=0.0))
    assert camera.check(dark) is dark


def test_decode_error_becomes_a_status_and_the_next_frame_is_checked(camera):
    def broken():
        raise FrameError('an image of 3 bytes is too short.')

    def surprising():
        raise ZeroDivisionError('by zero')
    assert camera.decode(broken) is None
    assert camera.status == 'an image of 3 bytes is too short.'
    assert camera.decode(surprising) is None
    assert camera.status == 'ZeroDivisionError: by zero'
    assert camera.counts == {'broken': 1, 'failed': 1}
    assert camera.decode(scene) is not None


def test_answer_counts_abstentions(camera):
    for abstained in (False, True):
        camera.answer(abstained=abstained)
    assert camera.counts == {'classified': 2, 'abstained': 1}


def test_problem_without_images_explains_the_silence(camera):
    assert problem(camera) == SILENCE
    camera.arrive(10.0, 10.01, 900)
    camera.check(scene())
    assert problem(camera) == ('', '')
    # none since the last report
    assert problem(camera) == SILENCE


def test_problem_of_two_senders_comes_first(camera):
    camera.check(scene(0.01))
    sentence, fix = problem(camera, duplicates='2 publishers on /image: /a, /b')
    assert sentence == '2 publishers on /image: /a, /b; black'
    assert fix == keep_one('/image')


def test_problem_of_the_frames_names_the_parameter_to_change(camera):
    camera.arrive(10.0, 10.01, 900)
    camera.check(scene(0.01))
    sentence, fix = problem(camera)
    assert sentence == 'black'
    assert 'ros2 param set /classifier min_brightness VALUE' in fix


@pytest.mark.parametrize(('stamp_s', 'behind_s', 'words'), [
    (0.0, 0.0, 'stamped 0'), (999.0, 0.0, 'counts from the start'), (2e9, 0.0, 'ahead of the'),
    (1.8e9 + 0.05, 0.1, '')])
def test_problem_of_the_stamps_is_explained(camera, stamp_s, behind_s, words):
    camera.arrive(stamp_s, 1.8e9, 900)
    camera.check(scene())
    sentence, _ = problem(camera, drivers=['/driver'], behind_s=behind_s)
    assert words in sentence
    assert bool(words) == bool(sentence)


def test_figures_hold_age_size_and_bit_depth(camera):
    camera.arrive(10.0, 10.02, 900)
    deep = scene()
    camera.check(Frame(deep.pixels.astype(np.uint16) << 2, 'mono', 10))
    problem(camera)
    figures = camera.figures()
    assert figures['image_age_s'] == '0.0200'
    assert figures['image_bytes'] == 900
    assert figures['camera_bit_depth'] == 10
    assert float(figures['camera_brightness']) == pytest.approx(128, abs=9)


@pytest.mark.parametrize(('names', 'cameras'), [
    ('', ['']), ('front', ['front']), ('front, rear', ['front', 'rear'])])
def test_camera_names_are_separated_by_commas(names, cameras):
    assert camera_names(names) == cameras


@pytest.mark.parametrize('names', ['front,', '1st', 'a b', 'front,front', '/front'])
def test_camera_names_invalid_or_repeated_are_refused(names):
    with pytest.raises(ConfigError, match='parameter `cameras`'):
        camera_names(names)
