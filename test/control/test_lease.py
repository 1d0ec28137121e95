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

from digiphys_ros.control.command import Refusal
from digiphys_ros.control.lease import FUTURE_TOLERANCE_S, Lease, SETTLE_S
import pytest


def test_lease_is_valid_from_capture_to_its_end():
    lease = Lease(0.5)
    assert not lease.is_valid(10.0, 10.0)
    assert lease.refusal(10.0, 10.25, 10.25) is None
    lease.grant(10.0, 10.25, 10.25)
    assert lease.is_valid(10.25, 10.25)
    assert lease.is_valid(10.5, 10.5)
    assert not lease.is_valid(10.501, 10.501)


def test_lease_image_of_this_moment_is_not_from_the_future():
    lease = Lease(0.5)
    seconds, nanoseconds = 1_764_000_000, 333_000_123
    stamps = [(seconds + (nanoseconds + one) * 1e-9,
               (seconds * 10**9 + nanoseconds + one) * 1e-9) for one in range(5000)]
    assert any(stamp_s > now_s for stamp_s, now_s in stamps)
    assert not any(lease.refusal(stamp_s, now_s, now_s) for stamp_s, now_s in stamps)


def test_lease_stamp_slightly_ahead_does_not_lengthen_it():
    lease = Lease(0.5, future_tolerance_s=0.2)
    assert lease.refusal(10.125, 10.0, 10.0) is None
    assert lease.refusal(10.25, 10.0, 10.0) is Refusal.FUTURE
    lease.grant(10.125, 10.0, 10.0)
    assert lease.is_valid(10.5, 10.5)
    assert not lease.is_valid(10.51, 10.51)


def test_lease_tolerated_clock_behind_does_not_lengthen_it():
    lease = Lease(0.5)
    lease.tolerate(0.05)
    assert lease.refusal(10.05, 10.0, 10.0) is None
    assert lease.refusal(10.06, 10.0, 10.0) is Refusal.FUTURE
    lease.grant(10.05, 10.0, 10.0)
    assert lease.is_valid(10.5, 10.5)
    assert not lease.is_valid(10.51, 10.51)
    lease.refuse(10.06, 10.0, 10.0)
    assert 'the clock may be 50 ms behind' in lease.explain(Refusal.FUTURE, 10.06, 10.0, 10.0)
    lease.tolerate(0.0)
    assert lease.refusal(10.11, 10.1, 10.1) is Refusal.FUTURE


def test_lease_default_tolerance_is_far_below_a_frame():
    assert Lease(0.5).refusal(10.0 + 2 * FUTURE_TOLERANCE_S, 10.0, 10.0) is Refusal.FUTURE
    assert FUTURE_TOLERANCE_S < 0.01


def test_lease_image_out_of_order_is_refused():
    lease = Lease(0.5)
    lease.grant(10.0, 10.0, 10.0)
    assert lease.refusal(10.0, 10.1, 10.1) is Refusal.REPEATED
    assert lease.refusal(9.9, 10.1, 10.1) is Refusal.OUT_OF_ORDER
    assert lease.refusal(9.5, 10.1, 10.1) is Refusal.STALE
    assert lease.refusal(10.05, 10.1, 10.1) is None


def test_lease_after_restart_accepts_only_newer_images():
    lease = Lease(0.5)
    lease.grant(1000.0, 1000.0, 1000.0)
    lease.restart(5.0)
    assert not lease.is_valid(5.0, 5.0)
    assert lease.refusal(1000.0, 5.1, 5.1) is Refusal.FUTURE
    assert lease.refusal(4.9, 5.1, 5.1) is Refusal.STALE
    assert lease.refusal(5.05, 5.1, 5.1) is None


@pytest.mark.parametrize('now_s', [math.nan, math.inf, -math.inf])
def test_lease_clock_not_a_number_is_refused(now_s):
    lease = Lease(0.5)
    assert lease.refusal(10.0, now_s, now_s) is not None
    lease.grant(10.0, 10.0, 10.0)
    assert not lease.is_valid(now_s, 10.0)
    assert not lease.is_valid(10.0, now_s)


@pytest.mark.parametrize('tolerance_s', [-0.1, math.nan, math.inf])
def test_lease_invalid_tolerance_is_refused(tolerance_s):
    with pytest.raises(ValueError, match='future_tolerance_s'):
        Lease(0.5, tolerance_s)


@pytest.mark.parametrize(('now_s', 'steady_s', 'left_s'), [
    (10.25, 3.0, 0.25), (10.5, 3.25, 0.0), (10.25, 3.125, 0.125), (10.375, 3.0, 0.125),
    (10.25, 3.26, 0.0), (10.51, 3.0, 0.0)])
def test_lease_ends_by_the_earlier_clock(now_s, steady_s, left_s):
    lease = Lease(0.5)
    lease.grant(10.0, 10.25, 3.0)
    assert lease.left_s(now_s, steady_s) == left_s
    assert lease.is_valid(now_s, steady_s) is (now_s <= 10.5 and steady_s <= 3.25)


def straddle(lease, seconds, ahead_s=0.012):
    """Return the refusals of images at 30 Hz; every third is ahead of the clock."""
    answers = []
    for index in range(round(30 * seconds)):
        now_s = 10.0 + index / 30
        stamp_s = now_s + (ahead_s if index % 3 == 2 else -0.004)
        answers.append(lease.refusal(stamp_s, now_s, now_s))
        if answers[-1] is None:
            lease.grant(stamp_s, now_s, now_s)
        else:
            lease.refuse(stamp_s, now_s, now_s)
    return answers


@pytest.mark.field('christianrauch/camera_ros #117',
                   'a camera clock is 12 ms ahead, so that some images are from the future')
def test_lease_clock_slightly_ahead_refuses_steadily_and_measures_it():
    lease = Lease(0.5)
    assert straddle(lease, 7.0) == [None, None] + [Refusal.FUTURE] * 208
    assert lease.ahead_s(17.0) == pytest.approx(0.012)
    assert lease.explain(Refusal.FUTURE, 17.0, 17.0, 17.0) == \
        'images are up to 12 ms ahead of the clock; future_tolerance_s is 1 ms'


def test_lease_clock_slightly_ahead_within_tolerance_obeys_steadily_and_measures_it():
    lease = Lease(0.5, future_tolerance_s=0.02)
    assert straddle(lease, 7.0) == [None] * 210
    assert lease.ahead_s(17.0) == pytest.approx(0.012)


def test_lease_corrected_clock_is_obeyed_after_settling():
    lease = Lease(0.5)
    straddle(lease, 1.0)
    last_s = 10.0 + 29 / 30
    before_s, after_s = last_s + SETTLE_S - 0.01, last_s + SETTLE_S + 0.01
    assert lease.refusal(before_s, before_s, before_s) is Refusal.FUTURE
    assert lease.refusal(after_s, after_s, after_s) is None
    assert lease.ahead_s(after_s) == 0.0


@pytest.mark.parametrize('back_s', [0.003, 0.3, 30.0, 3e6])
def test_lease_images_from_before_a_jump_back_are_not_a_clock_ahead(back_s):
    lease = Lease(0.5)
    lease.grant(1e7, 1e7, 5.0)
    now_s = 1e7 - back_s
    lease.restart(now_s)
    assert lease.refusal(1e7 - 0.001, now_s, 5.0) in (Refusal.FUTURE, None)
    lease.refuse(1e7 - 0.001, now_s, 5.0)
    assert lease.refusal(now_s + 0.02, now_s + 0.03, 5.03) is None


@pytest.mark.parametrize(('refusal', 'stamp_s', 'words'), [
    (Refusal.STALE, 6.8, 'its image is 3.2 s old; lease_s is 500 ms'),
    (Refusal.STALE, 9.9, 'its image is from before a reset or a jump of the clock'),
    (Refusal.OUT_OF_ORDER, 9.967, 'its image is 33 ms older than the one before'),
    (Refusal.NOT_FINITE, 10.0, '')])
def test_lease_refusal_is_explained_in_numbers(refusal, stamp_s, words):
    lease = Lease(0.5)
    lease.grant(10.0, 10.0, 10.0)
    assert lease.explain(refusal, stamp_s, 10.0, 10.0) == words
