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

from itertools import product

from digiphys_ros.applications import make_application
from digiphys_ros.applications.traffic_lights import application as intersection
from digiphys_ros.applications.traffic_lights.application import fixed_heads, road_label
from digiphys_ros.applications.traffic_lights.specification import SPECIFICATION
from digiphys_ros.control.signals import FLASHING, GREEN, RED, YELLOW
from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.loop import make_pipeline, run_loop
import numpy as np
import pytest

ALL_RED = dict.fromkeys(('north', 'south', 'east', 'west'), RED)


@pytest.fixture
def junction():
    return make_application('traffic_lights', 3, camera=False)


@pytest.fixture
def seen():
    try:
        return make_application('traffic_lights', 3)
    except SimulationError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(('north_south', 'east_west', 'expected'), [
    (0, 0, 'empty'), (1, 0, 'north_south'), (0, 3, 'east_west'), (1, 1, 'balanced'),
    (6, 6, 'balanced'), (6, 5, 'balanced'), (6, 3, 'north_south'), (5, 10, 'east_west'),
    (1, 2, None),
])
def test_road_label_names_the_road_with_clearly_more_vehicles(north_south, east_west, expected):
    assert road_label(north_south, east_west) == expected
    other = {'north_south': 'east_west', 'east_west': 'north_south'}
    assert road_label(east_west, north_south) == other.get(expected, expected)


def test_fixed_heads_serve_both_roads_equally_and_never_together():
    shown = [fixed_heads(0.1 * index) for index in range(680)]
    for one in shown:
        assert RED in (one['north'], one['east'])
        assert (one['north'], one['east']) == (one['south'], one['west'])
    green = [sum(one[side] == GREEN for one in shown) for side in ALL_RED]
    assert max(green) - min(green) <= 2


def test_intersection_starts_all_red_and_keeps_the_last_command(junction):
    junction.advance(60.0, {})
    assert junction.state()['served'] == 0
    assert junction.state()['phase'] == 'all red'
    junction.advance(1.0, {'junction': {**ALL_RED, 'north': GREEN}})
    junction.advance(120.0, {})
    assert junction.state()['phase'] == 'north green'
    assert junction.state()['served'] > 0
    assert [(event.kind, event.detail) for event in junction.events()] == [('green', 'north')]


def test_events_report_conflicting_heads(junction):
    for _ in range(600):
        junction.advance(0.5, {'junction': dict.fromkeys(ALL_RED, GREEN)})
    assert junction.state()['conflicts'] == sum(
        event.kind == 'conflict' for event in junction.events()) > 0


@pytest.mark.parametrize(('shown', 'conflicts'), [
    ({'north': GREEN, 'south': YELLOW}, False), ({'north': GREEN, 'east': GREEN}, True),
    ({'south': YELLOW, 'west': GREEN}, True), (dict.fromkeys(ALL_RED, FLASHING), False),
    ({'north': FLASHING, 'east': GREEN}, True),
])
def test_advance_counts_conflicting_heads_at_every_command(junction, shown, conflicts):
    junction.advance(0.05, {'junction': {**ALL_RED, **shown}})
    junction.advance(0.05, {'junction': ALL_RED})
    assert junction.state()['conflicts'] == 0
    assert junction.state()['head_conflicts'] == int(conflicts)
    assert any(event.kind == 'conflicting heads' for event in junction.events()) == conflicts


def test_plan_shipped_has_the_conflicts_of_the_roads():
    control = make_pipeline(SPECIFICATION, camera=False).control
    conflicts = control.actuator('junction').plan.conflicts
    for one, other in product(ALL_RED, ALL_RED):
        crosses = intersection.heads_conflict({**ALL_RED, one: GREEN, other: GREEN})
        assert (other in conflicts[one]) == crosses


@pytest.mark.parametrize('seed', range(2))
def test_run_loop_on_ground_truth_waits_less_than_the_fixed_plan(seed):
    junction = make_application('traffic_lights', seed, camera=False)
    recording = run_loop(junction, make_pipeline(SPECIFICATION, camera=False), 900.0, camera=False)
    report = intersection.report(recording.frames)
    assert recording.unsafe_commands == report['conflicts'] == report['red_runs'] == 0
    assert report['wait_saved'] > 0.2
    assert report['fixed_mean_wait_s'] > 3.0
    assert report['served'] > 300


def test_run_loop_without_images_heads_go_through_yellow_to_red(junction):
    pipeline = make_pipeline(SPECIFICATION, camera=False)
    run_loop(junction, pipeline, 30.0, camera=False)
    # the camera is gone: the pipeline's own clock goes on
    shown = []
    for _ in range(300):
        commands = pipeline.step(junction.time_s)
        junction.advance(0.05, {name: output.values for name, output in commands.items()})
        shown.append(junction.state()['phase'])
    assert shown[-1] == 'all red'
    changes = [phase for index, phase in enumerate(shown) if index == 0
               or phase != shown[index - 1]]
    if 'green' in changes[0]:
        assert 'yellow' in changes[1]


def test_image_shows_vehicles_and_lamps(seen):
    first = seen.image()
    assert first.shape == (240, 320, 3)
    assert first.dtype == np.uint8
    pipeline = make_pipeline(SPECIFICATION)
    recording = run_loop(seen, pipeline, 120.0)
    report = intersection.report(recording.frames)
    assert report['frame_accuracy'] > 0.85
    assert report['abstained'] < report['frames'] / 2
    assert recording.unsafe_commands == report['conflicts'] == 0


def test_disturb_rotated_camera_rotates_the_image(seen):
    straight = seen.image()
    seen.disturb(camera_yaw_rad=0.5)
    turned = seen.image()
    assert np.abs(straight.astype(int) - turned).mean() > 4


def test_image_without_camera_raises(junction):
    with pytest.raises(SimulationError, match='has no camera'):
        junction.image()
