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

from digiphys_ros.control import EstopInput
from digiphys_ros.control.estop import REMEMBERED
import pytest

A, B = b'a' * 16, b'b' * 16


@pytest.fixture
def estop():
    return EstopInput()


def test_estop_any_pressed_publisher_is_pressed(estop):
    assert estop.receive(A, True, 1.0)
    assert not estop.receive(B, False, 1.1)
    assert estop.pressed_by()
    estop.receive(A, False, 1.2)
    assert not estop.pressed_by()


def test_estop_names_the_pressed_publishers(estop):
    estop.receive(A, True, 1.0)
    estop.update_publishers([(A, '/left'), (B, '/right')], 1.0)
    assert estop.pressed_by() == 'pressed: /left'


def test_estop_message_received_twice_counts_once(estop):
    estop.receive(A, True, 1.0, sequence=7)
    estop.receive(A, False, 1.1, sequence=8)
    assert not estop.receive(A, True, 1.2, sequence=7)
    assert not estop.pressed_by()
    assert estop.receive(A, True, 1.3, sequence=9)


def test_estop_publisher_vanished_while_pressed_needs_override(estop):
    estop.receive(A, True, 1.0)
    estop.update_publishers([(A, '/left')], 1.0)
    estop.update_publishers([], 1.0)
    assert estop.pressed_by() == 'pressed: /left (vanished)'
    assert estop.override() == ['/left']
    assert not estop.pressed_by()


def test_estop_override_keeps_present_publishers(estop):
    estop.receive(A, True, 1.0)
    estop.update_publishers([(A, '/left')], 1.0)
    assert estop.override() == []
    assert estop.pressed_by()


def test_estop_publisher_that_returns_is_not_vanished(estop):
    estop.receive(A, True, 1.0)
    estop.update_publishers([], 1.0)
    estop.update_publishers([(A, '/left')], 1.0)
    assert estop.override() == []


def test_estop_publisher_vanished_while_released_is_dropped(estop):
    estop.receive(A, False, 1.0)
    estop.update_publishers([], 1.0)
    assert not estop.pressed_by()
    assert estop.heard


def test_estop_press_after_its_release_trips_once(estop):
    assert not estop.receive(A, False, 1.0, sequence=5)
    assert estop.receive(A, True, 1.1, sequence=4)
    assert not estop.pressed_by()


def test_estop_required_new_publisher_has_its_timeout():
    estop = EstopInput(required=True, timeout_s=0.5)
    estop.update_publishers([(A, '/left')], 9.0)
    estop.receive(A, False, 10.0)
    estop.update_publishers([(A, '/left'), (B, '/right')], 10.1)
    assert not estop.silence(10.2)
    estop.receive(A, False, 10.7)
    assert '/right' in estop.silence(10.7)


def test_estop_restart_keeps_pressed_publishers(estop):
    estop.receive(A, True, 1.0)
    estop.receive(B, False, 1.0)
    estop.restart(True, 0.5)
    assert estop.pressed_by()
    assert not estop.heard


def test_estop_required_without_publisher_is_silent():
    assert 'nobody publishes' in EstopInput(required=True).silence(1.0)


def test_estop_required_names_silent_publishers_and_timeout():
    estop = EstopInput(required=True, timeout_s=0.5)
    estop.update_publishers([(A, '/left'), (B, '/right')], 1.0)
    estop.receive(A, False, 10.0)
    assert estop.silence(10.1) == 'required and silent for 0.5 s: /right'
    estop.receive(B, False, 10.2)
    assert not estop.silence(10.4)
    assert '/left' in estop.silence(10.6)


def test_estop_required_publisher_vanished_is_silent():
    estop = EstopInput(required=True)
    estop.update_publishers([(A, '/left')], 1.0)
    estop.receive(A, False, 10.0)
    estop.update_publishers([], 1.0)
    assert estop.silence(10.1)


def test_estop_required_one_of_two_vanished_is_pressed_once():
    estop = EstopInput(required=True, timeout_s=60.0)
    for publisher in (A, B):
        estop.receive(publisher, False, 10.0)
    estop.update_publishers([(A, '/left'), (B, '/right')], 10.0)
    assert not estop.take_vanished()
    estop.update_publishers([(A, '/left')], 10.1)
    assert estop.take_vanished()
    assert not estop.take_vanished()
    assert not estop.silence(10.2)


def test_estop_not_required_may_be_missing_silent_or_end(estop):
    assert not estop.silence(1e9)
    estop.receive(A, False, 1.0)
    estop.update_publishers([(A, '/left')], 1.0)
    assert not estop.silence(1e9)
    estop.update_publishers([], 2.0)
    assert not estop.take_vanished()


def test_estop_publisher_never_heard_is_named(estop):
    estop.receive(A, False, 1.0)
    estop.update_publishers([(A, '/left'), (B, '/right')], 1.0)
    assert not estop.silence(1.9)
    assert estop.silence(1.9, to_start=True)
    assert estop.silence(2.1).endswith(': /right')
    estop.receive(B, False, 2.2)
    assert not estop.silence(2.3)


def test_estop_publisher_never_heard_may_be_allowed():
    estop = EstopInput(unheard_stops=False)
    estop.update_publishers([(A, '/left')], 1.0)
    assert not estop.silence(1e9, to_start=True)


def test_estop_remembers_a_bounded_number_of_messages(estop):
    for sequence in range(1, 3 * REMEMBERED):
        estop.receive(A, False, 1.0, sequence)
    assert not estop.receive(A, True, 1.0, 2 * REMEMBERED)
    # too old to be remembered: it counts as a late press
    assert estop.receive(A, True, 1.0, 1)
