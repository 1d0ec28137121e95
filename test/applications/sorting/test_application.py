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

import time

from digiphys_ros.applications import make_application
from digiphys_ros.applications.sorting.application import CUT_M, report, WHOLE_M
from digiphys_ros.errors import SimulationError
import numpy as np
import pytest

RUN = {'belt': {'data': 0.3}, 'diverter': {'data': 1.0}}


@pytest.fixture
def line():
    return make_application('sorting', camera=False)


@pytest.fixture
def seen():
    try:
        return make_application('sorting', 1)
    except SimulationError as error:
        pytest.skip(str(error))


def until(line, ground_truth, limit_s=20.0):
    """Run the belt until the ground truth is ``ground_truth``."""
    start_s = line.time_s
    while line.ground_truth() != ground_truth:
        assert line.time_s - start_s < limit_s
        line.advance(0.01, RUN)
    return line


def test_sorting_line_starts_in_the_safe_state(line):
    line.advance(3.0, {})
    assert line.state()['belt_mps'] == 0.0
    assert line.state()['blade'] == 1.0
    assert line.ground_truth() == 'no_part'


def test_ground_truth_is_none_for_parts_cut_off(line):
    labels = set()
    for _ in range(3000):
        line.advance(0.01, RUN)
        distance_m, ground_truth = abs(line.state()['part_m']), line.ground_truth()
        labels.add(ground_truth)
        if distance_m < WHOLE_M:
            assert ground_truth == ('defective' if line.state()['defect'] else 'good')
        elif distance_m > CUT_M:
            assert ground_truth == 'no_part'
    assert labels == {'good', 'defective', 'no_part', None}


def test_state_counts_sorted_parts(line):
    line.advance(60.0, RUN)
    state, events = line.state(), line.events()
    assert state['parts'] == len(events) > 40
    assert state['right'] == sum(event.right for event in events)
    assert state['misses'] == state['struck'] == 0
    assert state['false_rejects'] == state['parts'] - state['right'] > 20
    assert events[0].kind == 'part sorted'
    assert {event.detail for event in events if not event.right} == {'good to the reject lane'}
    assert not line.events()
    line.advance(60.0, {'diverter': {'data': 0.0}})
    assert line.state()['misses'] > 2


def test_sorting_line_same_seed_gives_the_same_state_without_camera(seen):
    other = make_application('sorting', 1, camera=False)
    for _ in range(50):
        seen.advance(0.1, RUN)
        other.advance(0.1, RUN)
        assert seen.state() == other.state()


def test_image_same_seed_gives_the_same_images(seen):
    other = make_application('sorting', 1)
    for line in (seen, other):
        until(line, 'good')
    for _ in range(3):
        one = seen.image()
        assert one.shape == (240, 320, 3)
        assert one.dtype == np.uint8
        assert (one == other.image()).all()


def test_image_shows_the_part_at_its_position(seen):
    until(seen, 'no_part')
    empty = seen.image().astype(float)
    until(seen, 'good')
    image = seen.image().astype(float)
    # the part is brighter than the belt, and comes in from the left
    columns = image.mean(axis=(0, 2)) - empty.mean()
    middle = int(np.average(np.arange(320), weights=np.clip(columns, 5, None) - 5))
    assert middle == pytest.approx(160 + seen.state()['part_m'] / 0.24 * 320, abs=6)
    assert image[80:160, middle - 30:middle + 30].mean() > empty.mean() + 40


def test_disturb_rotated_camera_changes_the_image(seen):
    until(seen, 'good')
    before = seen.image().astype(int)
    seen.disturb(camera_yaw_rad=0.3)
    assert np.abs(seen.image().astype(int) - before).mean() > 3


def test_image_without_camera_raises_and_runs_fast(line):
    with pytest.raises(SimulationError, match='has no camera'):
        line.image()
    started_s = time.process_time()
    for _ in range(1500):
        line.advance(1 / 30, RUN)
    assert 50 * (time.process_time() - started_s) < line.time_s


def test_report_has_misses_and_abstentions(line):
    from types import SimpleNamespace
    frames = []
    for index in range(600):
        line.advance(1 / 10, RUN)
        ground_truth = line.ground_truth()
        frames.append(SimpleNamespace(
            time_s=line.time_s, ground_truth=ground_truth, state=line.state(),
            prediction=None if index % 10 == 0 else ground_truth))
    result = report(frames)
    assert result['parts'] == line.state()['parts']
    assert result['right_fraction'] == round(result['right'] / result['parts'], 4)
    assert result['frame_accuracy'] == 1.0
    assert 0 < result['abstained'] <= 60
    assert result['mean_belt_mps'] == pytest.approx(0.3, abs=0.01)
