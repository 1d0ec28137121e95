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

"""A camera driver started with the default environment of ROS."""

import json
import subprocess
import sys

from digiphys_ros.ros.transport.distro import FASTDDS_2, FASTDDS_3
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]
DRIVER = """
import rclpy
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node('usb_cam')
publisher = node.create_publisher(Image, 'image', 1)
node.create_timer(0.1, lambda: publisher.publish(Image()))
rclpy.spin(node)
"""


def driver_findings(robot):
    """Return doctor's findings about drivers."""
    done = subprocess.run(
        [sys.executable, '-m', 'digiphys_ros.cli.main', 'doctor', '--json', '-', '--seconds', '1'],
        env=robot.environment, capture_output=True, text=True, timeout=300)
    assert done.stdout, done.stderr
    return [one for one in json.loads(done.stdout)['findings']
            if one['check'].startswith('driver')]


@pytest.mark.field(
    'ros2/rmw_fastrtps #739', 'a driver with the default environment, whose images are lost')
def test_doctor_driver_without_a_profile_is_named_with_its_start_command(robot, tmp_path):
    script = tmp_path / 'usb cam.py'
    script.write_text(DRIVER)
    robot.start('classifier')
    profiled = robot.environment
    robot.environment = {name: value for name, value in profiled.items()
                         if name not in (FASTDDS_2, FASTDDS_3)}
    driver = robot.run('driver', [sys.executable, str(script)])
    robot.is_active('classifier')
    robot.environment = profiled
    found = []
    robot.poll(lambda: found.extend(driver_findings(robot)) or found, 'finding', timeout_s=180.0)
    assert found[0]['check'] == 'driver /usb_cam'
    assert f'process {driver.pid}, which publishes /image' in found[0]['found']
    line = found[0]['fix']
    assert f"local.xml {sys.executable} '{script}'" in line
    # the line works: a driver that is started with it is not named
    driver.kill()
    driver.wait()
    robot.run('driver', ['sh', '-c', f'exec {line}'])
    robot.poll(lambda: robot.node.count_publishers('image') == 1, 'driver')
    robot.poll(lambda: not driver_findings(robot), 'end of the finding', timeout_s=180.0)
