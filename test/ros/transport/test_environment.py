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
from pathlib import Path

from digiphys_ros.errors import ConfigError
from digiphys_ros.ros.transport import environment as transport
from digiphys_ros.ros.transport.environment import (
    interfaces,
    listening_environment,
    memory_note,
    network_exposure,
    private_environment,
    transport_environment,
)
from digiphys_ros.ros.transport.segment import room_bytes, segment_bytes
import pytest


def test_private_environment_has_its_own_domain_and_home():
    first = private_environment({'A': 'b', 'ROS_HOME': '/elsewhere'})
    second = private_environment({'A': 'b'})
    assert first['A'] == 'b'
    assert 1 <= int(first['ROS_DOMAIN_ID']) <= 100
    assert first['ROS_DOMAIN_ID'] != second['ROS_DOMAIN_ID']
    assert Path(first['ROS_HOME']).is_dir() and not list(Path(first['ROS_HOME']).iterdir())
    assert len({first['ROS_HOME'], second['ROS_HOME'], '/elsewhere'}) == 3


@pytest.mark.parametrize(('distro', 'variable'), [
    ('humble', 'FASTRTPS_DEFAULT_PROFILES_FILE'), ('jazzy', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
    ('kilted', 'FASTDDS_DEFAULT_PROFILES_FILE')])
def test_transport_environment_sets_the_variable_of_each_distro(distro, variable):
    environment = transport_environment('robot', {'ROS_DISTRO': distro})
    assert Path(environment[variable]).name == 'robot.xml'
    assert 'ROS_AUTOMATIC_DISCOVERY_RANGE' not in environment


@pytest.mark.field('ros2/ros2 #798', 'other machines of the network hear the nodes')
def test_transport_local_stays_on_this_machine():
    assert transport_environment('local', {'ROS_DISTRO': 'kilted'})[
        'ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert transport_environment('local', {'ROS_DISTRO': 'humble'})['ROS_LOCALHOST_ONLY'] == '1'


def test_transport_none_changes_nothing():
    assert transport_environment('none', {'A': 'b'}) == {'A': 'b'}


@pytest.mark.parametrize('profile', ['local', 'robot'])
def test_transport_without_images_uses_no_shared_memory(profile):
    environment = transport_environment(profile, {'ROS_DISTRO': 'kilted'}, images=False)
    assert Path(environment['FASTDDS_DEFAULT_PROFILES_FILE']).name == f'{profile}_udp.xml'
    # LOCALHOST would add shared memory
    assert environment.get('ROS_AUTOMATIC_DISCOVERY_RANGE') != 'LOCALHOST'


@pytest.mark.parametrize(('base', 'profile'), [
    ({}, 'robot_udp.xml'), ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}, 'local_udp.xml'),
    ({'FASTDDS_DEFAULT_PROFILES_FILE': '/tmp/a/robot.xml'}, 'robot_udp.xml'),
    ({'FASTDDS_DEFAULT_PROFILES_FILE': '/tmp/a/mine.xml'}, 'mine.xml'),
    ({'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp'}, '')])
def test_listening_environment_has_no_shared_memory_and_the_same_reach(base, profile):
    environment = listening_environment({'ROS_DISTRO': 'kilted', **base})
    assert Path(environment.get('FASTDDS_DEFAULT_PROFILES_FILE', '')).name == profile


@pytest.mark.parametrize(('room', 'segment', 'says'), [
    (1 << 30, 64 << 20, ''), (64 << 20, 16 << 20, 'image nodes get 17 MB each'),
    (10 << 20, 0, 'images go by UDP (transport local_udp)'), (0, 0, 'cannot be written')])
def test_transport_segment_fits_the_free_shared_memory(monkeypatch, room, segment, says):
    monkeypatch.setattr(transport, 'room_bytes', lambda: room)
    environment = transport_environment('local', {'ROS_DISTRO': 'kilted'})
    assert segment_bytes(Path(environment['FASTDDS_DEFAULT_PROFILES_FILE'])) == segment
    assert environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == ('LOCALHOST' if segment else 'SUBNET')
    assert says in memory_note('local')
    assert bool(memory_note('local')) == bool(says)
    assert not memory_note('none') + memory_note('local_udp')


def test_room_bytes_of_a_folder_without_permission_is_zero(tmp_path):
    assert room_bytes(tmp_path) > 0
    assert room_bytes(tmp_path / 'missing') == 0


def test_transport_custom_file_is_used(tmp_path):
    path = tmp_path / 'mine.xml'
    path.write_text('<dds/>')
    environment = transport_environment(str(path), {'ROS_DISTRO': 'kilted'})
    assert environment['FASTDDS_DEFAULT_PROFILES_FILE'] == str(path)


def test_transport_missing_profile_is_reported():
    with pytest.raises(ConfigError, match='"pigeon" was not found'):
        transport_environment('pigeon', {})


@pytest.mark.parametrize('make', [
    os.mkfifo, os.mkdir, lambda path: path.write_text('nonsense'),
    lambda path: path.write_text(''),
    lambda path: path.write_bytes(b'<dds>' + b'<a>' * 100_000),
    lambda path: path.symlink_to('/dev/zero')])
def test_profile_not_xml_is_refused(tmp_path, make):
    make(tmp_path / 'mine.xml')
    with pytest.raises(ConfigError, match=r'mine\.xml.*cannot be read as a|/dev/zero: cannot be'):
        transport_environment(str(tmp_path / 'mine.xml'), {'ROS_DISTRO': 'kilted'})


@pytest.mark.parametrize(('text', 'name'), [
    ('<?xml version="1.0"?><!-- mine --><a:dds xmlns:a="http://www.eprosima.com"/>', 'a:dds'),
    ('<html/>', 'html')])
def test_profile_that_fast_dds_would_ignore_is_refused(tmp_path, text, name):
    (tmp_path / 'mine.xml').write_text(text)
    with pytest.raises(ConfigError, match=f'without a prefix, received <{name}>'):
        transport_environment(str(tmp_path / 'mine.xml'), {'ROS_DISTRO': 'kilted'})


# Exposure.

@pytest.fixture
def machine(monkeypatch):
    """Return the environment of a machine with two networks."""
    monkeypatch.setattr(transport, 'interfaces', lambda: [
        ('lo', '127.0.0.1'), ('eth0', '192.168.0.5'), ('wlan0', '10.1.2.3')])
    return {'ROS_DISTRO': 'kilted'}


def test_interfaces_are_those_of_this_machine():
    assert ('lo', '127.0.0.1') in list(interfaces())


@pytest.mark.parametrize('profile', ['robot', 'none'])
def test_network_exposure_open_transport_names_interfaces_and_limits(machine, profile):
    sentence = network_exposure(profile, machine)
    for words in (f'transport {profile}:', 'eth0 192.168.0.5, wlan0 10.1.2.3;', 'everybody',
                  'read the images and command the robot', 'transport local', 'interfaceWhiteList',
                  'SROS2'):
        assert words in sentence
    assert '127.0.0.1' not in sentence
    assert '\n' not in sentence


@pytest.mark.parametrize('profile', ['local', 'local_udp'])
def test_network_exposure_local_transport_is_empty(machine, profile):
    assert network_exposure(profile, machine) == ''


@pytest.mark.parametrize('variable', [
    {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}, {'ROS_LOCALHOST_ONLY': '1'}])
def test_network_exposure_local_environment_is_empty(machine, variable):
    assert network_exposure('none', {**machine, **variable}) == ''
    # the profile opens its own sockets
    assert network_exposure('robot', {**machine, **variable})


@pytest.mark.parametrize(('names', 'listed'), [
    (['eth0'], 'eth0 192.168.0.5;'), (['10.1.2.3', '127.0.0.1'], 'wlan0 10.1.2.3;'),
    (['127.0.0.1'], ''), ([], 'eth0 192.168.0.5, wlan0 10.1.2.3;')])
def test_network_exposure_custom_profile_uses_its_whitelist(machine, tmp_path, names, listed):
    addresses = ''.join(f'<address>{name}</address>' for name in names)
    (tmp_path / 'mine.xml').write_text(
        '<dds><transport_descriptor><type>SHM</type></transport_descriptor>'
        '<transport_descriptor><type>UDPv4</type>'
        f'<interfaceWhiteList>{addresses}</interfaceWhiteList></transport_descriptor>'
        '<rtps><useBuiltinTransports>false</useBuiltinTransports></rtps></dds>')
    sentence = network_exposure(str(tmp_path / 'mine.xml'), machine)
    assert listed in sentence
    assert bool(sentence) == bool(listed)


def test_network_exposure_profile_with_built_in_transports_is_reported(machine, tmp_path):
    (tmp_path / 'mine.xml').write_text(
        '<dds><transport_descriptor><type>UDPv4</type><interfaceWhiteList><address>127.0.0.1'
        '</address></interfaceWhiteList></transport_descriptor></dds>')
    assert 'eth0 192.168.0.5, wlan0' in network_exposure(str(tmp_path / 'mine.xml'), machine)


def test_network_exposure_enforced_security_is_named(machine):
    secure = {'ROS_SECURITY_ENABLE': 'true', 'ROS_SECURITY_STRATEGY': 'Enforce'}
    assert 'everybody' not in network_exposure('robot', {**machine, **secure})
