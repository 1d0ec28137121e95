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
from itertools import islice

from digiphys_ros.applications.traffic_signs.drawn_course import Course
from digiphys_ros.bench.blind_cameras import add_noise, growing_blur, growing_fog, KINDS
from digiphys_ros.bench.frozen_cameras import jpeg, RANDOM, ring
from digiphys_ros.perception.camera_checks import Limits, measure, sample_blocks
from digiphys_ros.perception.camera_checks.repeats import MEMORY_FRAMES
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.liveness import BAD_FRAMES, LivenessMonitor
from digiphys_ros.perception.sources import open_source
import numpy as np
import pytest

RNG = np.random.default_rng(0)
VERDICT_FRAMES, LATE_FRAMES = 10, 20
"""1 s at 10 Hz, the robot stops within lease + 1 s; of ``RANDOM`` kinds 1 s at 20 Hz."""


def noise(level=100):
    return Frame(RNG.integers(level - 5, level + 5, (48, 64, 3)).astype(np.uint8), 'rgb')


@pytest.fixture(scope='module')
def drive():
    """Return frames of a camera that drives through the drawn course, 160x120."""
    return [np.ascontiguousarray(frame.pixels[::4, ::4])
            for frame in islice(Course().frames(), 100, 160)]


def verdicts(monitor, frames):
    return [monitor.check(Frame(frame, 'rgb')) for frame in frames]


def after_the_drive(drive, limits=None):
    monitor = LivenessMonitor(limits or Limits())
    assert set(verdicts(monitor, drive[:30])) == {'fresh'}
    return monitor


def test_monitor_new_images_are_fresh_and_an_equal_one_is_repeated():
    monitor = LivenessMonitor(Limits())
    first = noise()
    same = Frame(first.pixels.copy(), 'rgb')
    assert [monitor.check(one) for one in (first, same, noise(), first)] == [
        'fresh', 'repeated', 'fresh', 'fresh']


@pytest.mark.parametrize('outside', [True, False])
def test_monitor_frame_equal_only_in_its_sample_is_fresh(outside):
    rng, monitor = np.random.default_rng(0), LivenessMonitor(Limits())
    first, second = rng.integers(0, 256, (2, 480, 640, 3)).astype(np.uint8)
    if outside:
        # blocks of 8 pixels, 16 rows of 20; all else is new
        sample = np.outer(np.arange(480) % 30 < 8, np.arange(640) % 32 < 8)
        second[sample] = first[sample]
        np.testing.assert_array_equal(*(sample_blocks(Frame(one, 'rgb'))
                                        for one in (first, second)))
    else:
        second = first.copy()
    monitor.check(Frame(first, 'rgb'))
    assert (monitor.check(Frame(second, 'rgb')) == 'repeated') is not outside


def test_monitor_accepts_repeats_if_switched_off(drive):
    monitor = LivenessMonitor(Limits(drop_duplicate_frames=False))
    assert set(verdicts(monitor, [drive[0]] * 20)) == {'fresh'}


@pytest.mark.parametrize(('pixels', 'expected'), [
    (np.full((48, 64, 3), 3, np.uint8), 'black'),
    (np.full((48, 64, 3), 30, np.uint8), 'fresh'),
    (np.full((48, 64), 300, np.uint16), 'black'),
    (np.full((48, 64), 0.5, np.float32), 'fresh'),
])
def test_monitor_dark_images_are_black_at_every_depth(pixels, expected):
    color = 'rgb' if pixels.ndim == 3 else 'mono'
    assert LivenessMonitor(Limits()).check(Frame(pixels, color)) == expected


def test_monitor_black_can_be_switched_off():
    dark = Frame(np.zeros((48, 64, 3), np.uint8), 'rgb')
    assert LivenessMonitor(Limits(min_brightness=0.0)).check(dark) == 'fresh'


def test_monitor_another_size_is_fresh():
    monitor = LivenessMonitor(Limits())
    monitor.check(Frame(np.full((48, 64, 3), 50, np.uint8), 'rgb'))
    assert monitor.check(Frame(np.full((24, 32, 3), 50, np.uint8), 'rgb')) == 'fresh'


@pytest.mark.parametrize('kind', KINDS)
def test_monitor_blind_camera_is_noticed_and_stays_so(kind, drive):
    monitor = after_the_drive(drive)
    see = KINDS[kind](np.random.default_rng(0))
    found = verdicts(monitor, [see(frame) for frame in drive[30:]])
    assert 'fresh' not in found[VERDICT_FRAMES:], monitor.figures


@pytest.mark.parametrize('kind', KINDS)
def test_monitor_camera_blind_from_the_start_is_noticed(kind, drive):
    see = KINDS[kind](np.random.default_rng(0))
    found = verdicts(LivenessMonitor(Limits()), [see(frame) for frame in drive[:30]])
    assert 'fresh' not in found[VERDICT_FRAMES:]


@pytest.mark.parametrize('seed', range(20))
def test_monitor_greasy_lens_from_the_start_noise_does_not_make_it_sharp(seed, drive):
    see = KINDS['grease'](np.random.default_rng(seed))
    found = verdicts(LivenessMonitor(Limits()), [see(frame) for frame in drive[:30]])
    assert 'fresh' not in found[VERDICT_FRAMES:]


def test_monitor_blurred_camera_little_above_the_limit_stays_blurred_until_it_changes(drive):
    soft, blurred = (KINDS[kind](np.random.default_rng(0))(drive[0])
                     for kind in ('grease', 'defocus 8 %'))
    monitor = LivenessMonitor(Limits(min_sharpness=0.0))
    verdicts(monitor, [soft])
    limits = Limits(min_sharpness=monitor.figures['sharpness'] / 1.2, drop_duplicate_frames=False)
    monitor = LivenessMonitor(limits)
    assert set(verdicts(monitor, [soft] * 5)) == {'fresh'}
    monitor = LivenessMonitor(limits)
    assert set(verdicts(monitor, [blurred] * 5 + [soft] * 5)[4:]) == {'blurred'}
    monitor.limits = replace(limits, min_sharpness=limits.min_sharpness * 1.01)
    assert verdicts(monitor, [soft] * 3)[-1] == 'fresh'


@pytest.mark.parametrize('warm_up', [30, 0])
@pytest.mark.parametrize('kind', RANDOM)
def test_monitor_still_image_that_returns_at_random_is_noticed_and_stays_so(kind, warm_up, drive):
    monitor = LivenessMonitor(Limits())
    assert set(verdicts(monitor, drive[:warm_up])) <= {'fresh'}
    see = RANDOM[kind](np.random.default_rng(0))
    found = verdicts(monitor, [see(frame) for frame in (drive * 3)[warm_up:]])
    assert 'fresh' not in found[LATE_FRAMES:]


def test_monitor_thawed_camera_recovers(drive):
    monitor = after_the_drive(drive)
    see = ring(4)(np.random.default_rng(0))
    assert verdicts(monitor, [see(frame) for frame in drive[30:45]])[-1] == 'frozen'
    assert verdicts(monitor, drive[40:])[-1] == 'fresh'


def test_monitor_repeated_frame_out_of_order_is_not_frozen(drive):
    monitor = after_the_drive(drive)
    assert set(verdicts(monitor, [*drive[30:40], drive[35], *drive[40:]])) == {'fresh'}


def test_monitor_nearly_even_sky_is_not_a_dead_region(drive):
    sky = np.full((60, 160, 3), 140) + np.arange(60)[:, None, None] / 6
    frames = [add_noise(np.concatenate([sky, frame[60:]]), RNG, 1) for frame in drive]
    assert set(verdicts(LivenessMonitor(Limits()), frames)) == {'fresh'}


@pytest.mark.parametrize('axis', [0, 1])
def test_measure_stripes_are_not_noise(axis):
    stripes = np.repeat(np.array([30, 200, 90, 160, 60, 120], np.uint8), 20)
    image = np.broadcast_to(stripes[:, None] if axis else stripes[None], (120, 120))
    blocks = sample_blocks(Frame(add_noise(np.repeat(image[..., None], 3, 2), RNG, 2), 'rgb'))
    assert measure(blocks).correlation > Limits().min_correlation


def test_measure_nearly_white_image_correlation_does_not_vanish_by_rounding():
    coarse = 255 - (np.random.default_rng(0).random((60, 80)) < 0.05).astype(np.uint8)
    # each pixel equals one of its two neighbors along a line
    image = coarse.repeat(2, 0).repeat(2, 1)
    found = measure(sample_blocks(Frame(image, 'mono'))).correlation
    assert found == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize('frames', [60, 600])
@pytest.mark.parametrize('kind', [growing_fog, growing_blur])
def test_monitor_gradually_blurred_lens_is_noticed(kind, frames, drive):
    monitor = after_the_drive(drive)
    see = kind(frames)(np.random.default_rng(0))
    rounds = [drive[index % len(drive)] for index in range(frames + VERDICT_FRAMES)]
    assert verdicts(monitor, [see(frame) for frame in rounds])[-1] in (
        'blurred', 'no_contrast'), monitor.figures


def test_monitor_less_sharp_scene_is_fresh(drive):
    monitor = after_the_drive(drive)
    dull = [add_noise(60 + frame * 0.4, RNG, 1) for frame in drive]
    assert set(verdicts(monitor, dull)) == {'fresh'}


def test_monitor_survives_a_scene_without_edges(drive):
    smooth = np.repeat(np.linspace(40, 200, 160)[None, :], 120, 0)[..., None].repeat(3, 2)
    monitor = LivenessMonitor(Limits())
    verdicts(monitor, [np.full((120, 160, 3), 90, np.uint8), smooth.astype(np.uint8), *drive[:9]])
    assert monitor.check(Frame(drive[10], 'rgb')) == 'fresh'


@pytest.mark.parametrize(('kind', 'off'), [
    ('hand', {'min_sharpness': 0.0}),
    ('bottom half gray', {'max_dead': 1.0}),
    ('white-out', {'max_saturated': 1.0, 'min_contrast': 0.0, 'min_sharpness': 0.0,
                   'max_dead': 1.0, 'min_correlation': 0.0}),
    ('salt and pepper', {'min_correlation': 0.0, 'min_sharpness': 0.0}),
    ('ring of 4', {'max_repeated': 1.0}),
])
def test_monitor_check_switched_off_accepts_frames(kind, off, drive):
    monitor = after_the_drive(drive, Limits(**off))
    see = KINDS[kind](np.random.default_rng(0))
    assert verdicts(monitor, [see(frame) for frame in drive[30:]])[-1] == 'fresh'


@pytest.mark.parametrize('kind', ['hand', 'white-out'])
def test_monitor_blind_camera_whose_images_come_twice_is_noticed_as_soon(kind, drive):
    monitor = after_the_drive(drive)
    see = KINDS[kind](np.random.default_rng(0))
    twice = [frame for one in drive[30:] for frame in [see(one)] * 2]
    assert 'fresh' not in verdicts(monitor, twice)[VERDICT_FRAMES:]


def test_monitor_few_odd_frames_do_not_stop(drive):
    monitor = after_the_drive(drive)
    blind = KINDS['hand'](np.random.default_rng(0))
    for start in (30, 40, 50):
        odd = [blind(frame) for frame in drive[start:start + BAD_FRAMES - 1]]
        assert set(verdicts(monitor, [*odd, drive[start + 5]])) == {'fresh'}


def test_monitor_uncovered_camera_recovers(drive):
    monitor = after_the_drive(drive)
    blind = KINDS['hand'](np.random.default_rng(0))
    assert verdicts(monitor, [blind(frame) for frame in drive[30:40]])[-1] == 'blurred'
    assert verdicts(monitor, drive[40:46])[-1] == 'fresh'


@pytest.mark.parametrize('send', [
    lambda frame: frame, lambda frame: jpeg(frame, 90), lambda frame: jpeg(frame, 80),
    lambda frame: jpeg(frame, int(RNG.integers(80, 96)))],
    ids=['raw', 'JPEG 90', 'JPEG 80', 'rate control'])
def test_monitor_still_scene_with_noise_is_fresh(send, drive):
    rng = np.random.default_rng(0)
    still = [send(add_noise(drive[0], rng, 1.0)) for _ in range(100)]
    assert set(verdicts(LivenessMonitor(Limits()), still)) == {'fresh'}


def test_monitor_slow_camera_sending_each_image_six_times_stays_fresh_at_each_new_one(drive):
    found = verdicts(LivenessMonitor(Limits()), [drive[index // 6] for index in range(60)])
    assert found[::6] == ['fresh'] * 10


@pytest.mark.parametrize('skipped', [0.0, 0.5])
@pytest.mark.parametrize('length', [2, 9, 12, 20, 40, MEMORY_FRAMES])
def test_monitor_recording_played_again_is_noticed_in_its_second_lap(length, skipped, data_dir):
    source = open_source(str(data_dir / 'driving_track2a.zip'))
    loop = [np.ascontiguousarray(one.pixels) for one in islice(source, 200, 200 + length)]
    rng, monitor = np.random.default_rng(0), LivenessMonitor(Limits())
    found = [monitor.check(Frame(loop[index % length], 'rgb'))
             for index in range(4 * length + 40) if rng.random() >= skipped]
    # of the second lap, and of those left out in the first
    assert 'fresh' not in found[length + VERDICT_FRAMES:]


def test_monitor_ring_longer_than_its_memory_is_not_seen(drive):
    see = ring(MEMORY_FRAMES + 1)(np.random.default_rng(0))
    frames = [add_noise(frame, RNG, 1) for frame in drive * 3]
    found = verdicts(LivenessMonitor(Limits()), [see(frame) for frame in frames])
    assert set(found) == {'fresh'}


@pytest.mark.parametrize('kind', ['hand', 'defocus 4 %', 'bottom half gray', 'ring of 8',
                                  'frozen, a clock in JPEG', 'bottom half gray with noise 2',
                                  'frozen, 30 % live', 'one row', 'shifted rows'])
def test_monitor_real_drive_is_fresh_until_the_camera_is_blind(kind, data_dir):
    source = open_source(str(data_dir / 'driving_track2a.zip'))
    frames = [np.ascontiguousarray(one.pixels) for one in islice(source, 400)]
    monitor = LivenessMonitor(Limits())
    assert not set(verdicts(monitor, frames[:360])) - {'fresh', 'repeated'}
    see = KINDS[kind](np.random.default_rng(0))
    found = verdicts(monitor, [see(frame) for frame in frames[360:]])
    assert 'fresh' not in found[VERDICT_FRAMES:]
