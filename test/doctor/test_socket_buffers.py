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

from pathlib import Path
import socket

from digiphys_ros.doctor import socket_buffers
from digiphys_ros.doctor.socket_buffers import (
    BUFFERS,
    check_socket_buffers,
    granted_bytes,
    WANTED_RMEM_BYTES,
)
from digiphys_ros.resources import share_dir
from digiphys_ros.ros.transport.environment import PROFILES
from digiphys_ros.ros.transport.segment import largest_bytes
import pytest

PAGE = Path(__file__).parents[2] / 'docs' / 'how-to' / 'two-machines.md'
PROFILE = """<dds xmlns="http://www.eprosima.com"><profiles><transport_descriptors>
<transport_descriptor><type>UDPv4</type>{}</transport_descriptor>
</transport_descriptors></profiles></dds>"""


@pytest.fixture
def kernel(monkeypatch):
    """Return the limits of the kernel by socket option."""
    limits = {option: 1 << 30 for _, option, _ in BUFFERS}
    monkeypatch.setattr(socket_buffers, 'granted_bytes',
                        lambda option, wanted: min(wanted, limits[option]))
    return limits


def environment_of(profile):
    return {'ROS_DISTRO': 'kilted', 'FASTDDS_DEFAULT_PROFILES_FILE': str(profile)}


def shipped(name):
    return share_dir() / 'config' / 'dds' / f'{name}.xml'


@pytest.mark.field(
    'ros2/rmw_fastrtps #739', 'half of the images between two machines are lost')
@pytest.mark.parametrize('profile', PROFILES)
@pytest.mark.parametrize('element', [element for element, _, _ in BUFFERS])
def test_profiles_shipped_request_the_buffers_that_doctor_checks(profile, element):
    assert largest_bytes(shipped(profile), element) == WANTED_RMEM_BYTES


@pytest.mark.parametrize('environment', [{}, environment_of(shipped('robot'))])
@pytest.mark.parametrize(('option', 'limit'), [(option, limit) for _, option, limit in BUFFERS])
def test_check_socket_buffers_low_kernel_limit_is_named_with_the_command(
        kernel, environment, option, limit):
    assert check_socket_buffers(environment).status == 'ok'
    kernel[option] = 212992
    finding = check_socket_buffers(environment)
    assert finding.status == 'warn'
    assert f'212992 of 4194304 bytes ({limit})' in finding.found
    assert finding.fix == f'sudo sysctl -w {limit}=4194304'


def test_check_socket_buffers_both_limits_give_one_command_as_in_the_docs(kernel):
    kernel.update(dict.fromkeys(kernel, 212992))
    fix = check_socket_buffers({}).fix
    assert fix == 'sudo sysctl -w net.core.rmem_max=4194304 net.core.wmem_max=4194304'
    assert fix in PAGE.read_text()


def test_check_socket_buffers_custom_profile_is_compared_with_its_own_sizes(kernel, tmp_path):
    profile = tmp_path / 'mine.xml'
    profile.write_text(PROFILE.format('<sendBufferSize>8388608</sendBufferSize>'
                                      '<receiveBufferSize>8388608</receiveBufferSize>'))
    kernel.update(dict.fromkeys(kernel, WANTED_RMEM_BYTES))
    assert 'net.core.rmem_max=8388608' in check_socket_buffers(environment_of(profile)).fix


def test_check_socket_buffers_profile_without_buffers_names_the_elements_to_add(kernel, tmp_path):
    profile = tmp_path / 'mine.xml'
    profile.write_text(PROFILE.format('<sendBufferSize>4194304</sendBufferSize>'))
    finding = check_socket_buffers(environment_of(profile))
    assert finding.status == 'warn'
    assert ' <receiveBufferSize>4194304</receiveBufferSize> ' in finding.fix


def test_check_socket_buffers_unreadable_profile_is_skipped(kernel, tmp_path):
    assert check_socket_buffers(environment_of(tmp_path / 'no.xml')).status == 'skip'


def test_granted_bytes_halves_the_doubled_answer_of_the_kernel():
    assert granted_bytes(socket.SO_RCVBUF, 65536) == 65536
    assert granted_bytes(socket.SO_RCVBUF, 1 << 30) < 1 << 30
