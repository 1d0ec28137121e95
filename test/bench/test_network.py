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

import os
import subprocess

from digiphys_ros.bench import network
from digiphys_ros.bench.network import (
    count_received,
    measure,
    NoNamespacesError,
    table,
    two_machines,
)
from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bench.running import Source
import pytest

HD = Source(1280, 720)


def namespaces():
    """Return the network namespaces of this process."""
    listed = subprocess.run(['ip', 'netns', 'list'], capture_output=True, text=True).stdout
    return [line for line in listed.splitlines() if f'digiphys_{os.getpid()}_' in line]


@pytest.mark.ros
@pytest.mark.field(
    'ros2/rmw_fastrtps #739', 'half of the images between two machines are lost')
def test_network_images_reach_the_classifier_of_another_machine(domain_id, tmp_path, monkeypatch):
    pytest.importorskip('rclpy')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain_id))
    monkeypatch.setenv('ROS_HOME', str(tmp_path))
    try:
        with two_machines() as machines:
            assert len(namespaces()) == 2
            found = count_received(HD, 4.0, machines)
    except NoNamespacesError as error:
        pytest.skip(str(error))
    # with the kernel's default buffers it is a fifth; another program may use the processor
    assert found['received'] > 0.6 * found['sent'], found
    assert not namespaces()


def test_measure_without_permission_for_namespaces_is_skipped_with_reason(monkeypatch):
    def refused(*_):
        raise NoNamespacesError('ip netns add: Operation not permitted')
    monkeypatch.setattr(network, '_ip', refused)
    part = measure(BenchOptions(short=False, seconds=6.0, rounds=3))
    assert part['limits'] == []
    assert table(part['cases']) == [
        'two network namespaces: not measured: ip netns add: Operation not permitted']


def test_measure_lost_images_of_one_round_fail_and_are_shown(monkeypatch):
    counts = iter([300, 300, 300, 300, 270, 300])
    monkeypatch.setattr(network, '_ip', lambda *_: None)
    monkeypatch.setattr(network, 'count_received', lambda *_: {
        'sent': 300, 'sent_hz': 30.0, 'received': next(counts), 'classified': 150})
    part = measure(BenchOptions(short=False, seconds=6.0, rounds=2))
    assert [one['passed'] for one in part['limits']] == [True, False, True]
    assert part['limits'][1]['lowest'] == 0.9
    assert '| 1280x720 raw at 30 Hz | 30.0 | 95.0% (90.0%) | 50.0% |' in table(part['cases'])
