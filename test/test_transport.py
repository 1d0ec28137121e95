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

from digiphys_ros.errors import ConfigError
from digiphys_ros.transport import transport_environment
import pytest


@pytest.mark.parametrize(('distro', 'variable'), [
    ('humble', 'FASTRTPS_DEFAULT_PROFILES_FILE'), ('jazzy', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
    ('kilted', 'FASTDDS_DEFAULT_PROFILES_FILE')])
def test_each_distro_gets_the_variable_it_reads(distro, variable):
    environment = transport_environment('robot', {'ROS_DISTRO': distro})
    assert Path(environment[variable]).name == 'robot.xml'
    assert 'ROS_AUTOMATIC_DISCOVERY_RANGE' not in environment


def test_local_stays_on_this_machine():
    assert transport_environment('local', {'ROS_DISTRO': 'kilted'})[
        'ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert transport_environment('local', {'ROS_DISTRO': 'humble'})['ROS_LOCALHOST_ONLY'] == '1'


def test_none_changes_nothing():
    assert transport_environment('none', {'A': 'b'}) == {'A': 'b'}


def test_nodes_without_images_get_the_small_segment():
    environment = transport_environment('local', {'ROS_DISTRO': 'kilted'}, images=False)
    assert Path(environment['FASTDDS_DEFAULT_PROFILES_FILE']).name == 'local_commands.xml'


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / 'mine.xml'
    path.write_text('<dds/>')
    environment = transport_environment(str(path), {'ROS_DISTRO': 'kilted'})
    assert environment['FASTDDS_DEFAULT_PROFILES_FILE'] == str(path)


def test_a_missing_profile_is_told():
    with pytest.raises(ConfigError, match='"pigeon" was not found'):
        transport_environment('pigeon', {})
