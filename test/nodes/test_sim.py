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


from itertools import pairwise
import json
import math

from digiphys_ros.resources import share_dir
import pytest

pytestmark = pytest.mark.ros


@pytest.fixture
def world(robot, drawing):
    """Return a function that starts the node sim and waits until its time runs."""
    def start(app, rules='', **parameters):
        process = robot.start('sim', app=app, rules=rules, **parameters)
        robot.is_active('sim')
        return process
    return start


def stamp_s(stamp):
    return stamp.sec + stamp.nanosec * 1e-9


def test_sim_publishes_the_topics_of_a_robot_with_a_camera(robot, world):
    from digiphys_ros.ros.qos import BEST_EFFORT
    from nav_msgs.msg import Odometry
    from rosgraph_msgs.msg import Clock
    from sensor_msgs.msg import CameraInfo, Image
    images = robot.listen(Image, 'image', BEST_EFFORT)
    infos = robot.listen(CameraInfo, 'camera_info', BEST_EFFORT)
    odometry = robot.listen(Odometry, 'odom')
    clock = robot.listen(Clock, '/clock')
    world('traffic_signs', 'traffic_signs_sim_rules.yaml')
    robot.wait(lambda: len(images) > 10 and len(infos) > 10 and odometry, 'images')
    image, info = images[-1], infos[-1]
    assert (image.width, image.height, image.encoding) == (640, 480, 'rgb8')
    assert (info.width, info.height, info.k[2], info.k[5]) == (640, 480, 320.0, 240.0)
    assert image.header.frame_id == info.header.frame_id == 'camera_optical_frame'
    # without /clock it uses the machine's time
    assert abs(stamp_s(images[-1].header.stamp) - stamp_s(robot.now())) < 5.0
    steps = [stamp_s(after.clock) - stamp_s(before.clock)
             for before, after in pairwise(clock)]
    assert min(steps) > 0.0
    # no commands: no motion
    assert odometry[-1].pose.pose.position.x == pytest.approx(0.0, abs=0.01)


def test_sim_obeys_commands(robot, world):
    from geometry_msgs.msg import TwistStamped
    from nav_msgs.msg import Odometry
    odometry = robot.listen(Odometry, 'odom')
    world('traffic_signs', 'traffic_signs_sim_rules.yaml')
    commands = robot.speak(TwistStamped, 'cmd_vel')
    message = TwistStamped()
    message.twist.linear.x = 0.3
    commands.publish(message)
    robot.wait(lambda: odometry and odometry[-1].pose.pose.position.x > 0.2, 'motion')
    assert odometry[-1].twist.twist.linear.x == pytest.approx(0.3, abs=0.05)
    message.twist.linear.x, message.twist.angular.z = 0.0, 0.5
    commands.publish(message)

    def heading_rad():
        turn = odometry[-1].pose.pose.orientation
        return 2 * math.atan2(turn.z, turn.w)
    robot.wait(lambda: heading_rad() > 0.2, 'turn')


def test_sim_signals_and_belt_obey_their_messages(robot, world):
    from sensor_msgs.msg import JointState
    world('traffic_lights', 'traffic_lights_rules.yaml', real_time_factor=5.0)
    heads = robot.speak(JointState, 'signal_heads')
    heads.publish(JointState(name=['north', 'south', 'east', 'west'],
                             position=[2.0, 2.0, 0.0, 0.0]))
    robot.wait(lambda: robot.value('sim', 'fact.phase') == 'north green, south green', 'green')


@pytest.mark.parametrize('wrong', [
    {'name': ['north', 'south'], 'position': [2.0]},
    {'name': ['tram'], 'position': [2.0]},
    {'name': ['north'], 'position': [float('nan')]},
    {}])
def test_sim_invalid_command_is_refused_and_reported(robot, world, wrong):
    from sensor_msgs.msg import JointState
    process = world('traffic_lights', 'traffic_lights_rules.yaml')
    heads = robot.speak(JointState, 'signal_heads')
    heads.publish(JointState(**wrong))
    robot.wait(lambda: robot.value('sim', 'refused') == '1', 'refusal')
    assert 'signal_heads: not obeyed' in robot.log('sim')
    heads.publish(JointState(name=['east'], position=[2.0]))
    robot.wait(lambda: robot.value('sim', 'fact.phase') == 'east green', 'green')
    assert process.poll() is None


def test_sim_trajectory_without_a_point_is_refused(robot, world, tmp_path):
    from trajectory_msgs.msg import JointTrajectory
    rules = tmp_path / 'rules.yaml'
    limits = '{min: 0.0, max: 0.4, safe: hold, max_rate_per_s: 1.0}'
    rules.write_text(
        'actuators:\n'
        f'  belt: {{kind: joint_trajectory, topic: belt, fields: {{data: {limits}}}}}\n'
        'rules:\n  - {name: wait, when: [abstain], command: {belt: {data: 0.0}}}\n'
        '  - {name: go, default: true, command: {belt: {data: 0.3}}}\n')
    world('sorting', str(rules))
    belt = robot.speak(JointTrajectory, 'belt')
    belt.publish(JointTrajectory(joint_names=['data']))
    robot.wait(lambda: robot.value('sim', 'refused') == '1', 'refusal')


def test_sim_time_runs_at_the_real_time_factor(robot, world):
    from rosgraph_msgs.msg import Clock
    from vision_msgs.msg import Classification
    labels = robot.listen(Classification, 'label')
    clock = robot.listen(Clock, '/clock')
    begun_s = stamp_s(robot.now())
    world('sorting', 'sorting_rules.yaml', real_time_factor=0.1)
    robot.wait(lambda: len(clock) > 20, 'clock')
    simulated_s = stamp_s(clock[-1].clock) - stamp_s(clock[0].clock)
    robot.wait(lambda: labels and labels[-1].results[0].class_id == 'no_part', 'label')
    assert simulated_s < 0.5 * (stamp_s(robot.now()) - begun_s)


@pytest.mark.parametrize(('config', 'actuator'), [
    ('traffic_signs_sim.yaml', 'base'), ('traffic_lights.yaml', 'junction'),
    ('sorting.yaml', 'belt')])
def test_sim_with_the_pipeline_closes_the_loop(robot, drawing, config, actuator):
    path = share_dir() / 'config' / config
    from digiphys_ros.ros.parameters.configuration import command
    for node in ('sim', 'classifier', 'policy', 'gate'):
        robot.run(node, command(node, config=path))
    robot.is_active('sim', 'classifier', 'policy', 'gate')
    robot.wait(lambda: robot.value('gate', f'{actuator}.state') == 'obeying', 'obedience')
    robot.wait(lambda: robot.value('sim', 'time_s') and float(robot.value('sim', 'time_s')) > 6,
               'time')
    fact, moved = {'base': ('distance_m', 0.3), 'junction': ('arrived', 1),
                   'belt': ('belt_mps', 0.05)}[actuator]
    robot.wait(lambda: float(robot.value('sim', f'fact.{fact}') or 0) >= moved, fact)
    assert json.loads(robot.value('sim', 'events')) is not None
    # a gate of several actuators logs each state once, not at every command
    assert 0 < robot.log('gate').count(': obeying (') < 20


@pytest.mark.parametrize(('parameters', 'words'), [
    ({'app': 'boat'}, "received 'boat'"),
    ({'rules': 'nothing.yaml'}, '"nothing.yaml" was not found'),
    ({'real_time_factor': 0.0}, 'real_time_factor'),
    ({'app': 'sorting', 'data': 'xrays.npz'}, 'sorting renders its world and shows no data'),
    ({'app': 'triage', 'data': 'nothing.npz'}, 'nothing.npz'),
])
def test_sim_invalid_settings_are_reported(robot, parameters, words):
    robot.start('sim', **parameters)
    robot.wait(lambda: robot.message('sim'), 'diagnostics')
    assert words in robot.message('sim') + robot.log('sim')


def test_sim_without_opengl_names_the_package_to_install(robot):
    robot.environment['MUJOCO_GL'] = 'disabled'
    robot.start('sim')
    robot.wait(lambda: 'OpenGL is missing' in robot.message('sim'), 'sentence')
