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

"""Doctor uses the transport profile of running nodes, not that of its own shell."""

import json
import subprocess
import sys

from digiphys_ros.ros.transport.distro import profile_variable
from digiphys_ros.ros.transport.environment import transport_environment
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]


def transport(robot, environment):
    """Return doctor's findings about the transport, once it has received the camera's report."""
    found = []

    def names_the_camera():
        done = subprocess.run(
            [sys.executable, '-m', 'digiphys_ros.cli.main', 'doctor', '--json', '-', '--seconds',
             '1'], env=environment, capture_output=True, text=True, timeout=300)
        found[:] = [one for one in json.loads(done.stdout)['findings']
                    if one['check'] == 'transport']
        return '/camera' in found[0]['found']
    robot.poll(names_the_camera, 'profile of the camera', timeout_s=180.0)
    return found


@pytest.mark.parametrize('profile', ['local', 'none'])
def test_doctor_reads_the_profile_of_running_nodes(robot, profile):
    shell = {key: value for key, value in robot.environment.items()
             if key != profile_variable(robot.environment)}
    shell['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    robot.environment = transport_environment(profile, shell)
    robot.start('camera', source='course')
    robot.start('classifier')
    robot.is_active('camera', 'classifier')
    [finding] = transport(robot, shell if profile == 'local' else
                          transport_environment('local', shell))
    reported = robot.value('classifier', 'transport_profile')
    assert reported == robot.environment.get(profile_variable(shell), 'none')
    assert reported.removesuffix('none') in finding['found']
    assert finding['status'] == ('ok' if profile == 'local' else 'fail')
