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

import itertools
import os
import signal
import subprocess
import sys

from digiphys_ros.doctor import shared_memory, system
from digiphys_ros.doctor.ros_process import look_at_graph
from digiphys_ros.resources import share_dir
import pytest

pytestmark = [pytest.mark.parallel, pytest.mark.usefixtures('fixes_are_commands')]
FULL_HD = 1920 * 1080 * 3


@pytest.mark.field(
    'ros2/rmw_fastrtps #739', 'images larger than the shared-memory segment are lost')
@pytest.mark.parametrize(('profile', 'status'), [
    ('local.xml', 'ok'), ('robot.xml', 'ok'), (None, 'warn')])
@pytest.mark.parametrize(('distro', 'variable'), [
    ('kilted', 'FASTDDS_DEFAULT_PROFILES_FILE'), ('humble', 'FASTRTPS_DEFAULT_PROFILES_FILE')])
def test_check_transport_compares_the_profile_with_the_frame(profile, status, distro, variable):
    environment = {'ROS_DISTRO': distro}
    if profile:
        environment[variable] = str(share_dir() / 'config' / 'dds' / profile)
    [finding] = system.check_transport(environment, FULL_HD)
    assert finding.status == status
    assert 'nodes started here' in finding.found
    assert '6.2 MB' in finding.found
    assert finding.fix.startswith(f'export {variable}=' if status == 'warn' else '')
    assert bool(finding.fix) == (status == 'warn')


def test_check_transport_profile_without_shared_memory_is_a_warning():
    profile = share_dir() / 'config/dds/local_udp.xml'
    [finding] = system.check_transport(
        {'ROS_DISTRO': 'kilted', 'FASTDDS_DEFAULT_PROFILES_FILE': str(profile)}, FULL_HD)
    assert finding.status == 'warn'
    assert 'no shared memory' in finding.found


@pytest.mark.field(
    'eProsima/Fast-DDS #1606', 'shared memory does not fit into the /dev/shm of a container')
def test_check_transport_profile_too_large_for_the_container_fails(monkeypatch):
    profile = share_dir() / 'config/dds/local.xml'
    environment = {'ROS_DISTRO': 'kilted', 'FASTDDS_DEFAULT_PROFILES_FILE': str(profile)}

    def check(room):
        monkeypatch.setattr(system, 'room_bytes', lambda **_: room)
        return system.check_transport(environment, FULL_HD)[0]
    assert check(1 << 30).status == 'ok'
    finding = check(64 << 20)
    assert finding.status == 'fail'
    assert 'room for 67 MB' in finding.found
    assert '--shm-size' in finding.fix
    assert 'cannot be written by this user' in check(0).found


def test_check_transport_unreadable_profile_is_named(tmp_path):
    path = tmp_path / 'broken.xml'
    path.write_text('<dds>')
    [finding] = system.check_transport(
        {'ROS_DISTRO': 'kilted', 'FASTDDS_DEFAULT_PROFILES_FILE': str(path)}, FULL_HD)
    assert finding.status == 'fail'
    assert str(path) in finding.found


def test_check_transport_uses_profiles_of_running_nodes_before_that_of_the_shell():
    local = str(share_dir() / 'config/dds/local.xml')
    here = {'ROS_DISTRO': 'kilted'}
    [finding] = system.check_transport(here, FULL_HD, {'/camera': local})
    assert finding.status == 'ok'
    assert finding.found.startswith('/camera: shared-memory segment of 67.1 MB')
    here['FASTDDS_DEFAULT_PROFILES_FILE'] = local
    [finding] = system.check_transport(here, FULL_HD, {'/a/camera': 'none', '/b/camera': 'none'})
    assert finding.status == 'fail'
    assert finding.found.startswith('/a/camera, /b/camera: shared-memory segment of 0.5 MB')
    assert system.check_transport(here, 320 * 240 * 3, {'/camera': 'none'})[0].status == 'ok'


def test_check_transport_profile_in_another_container_is_skipped():
    [finding] = system.check_transport({}, FULL_HD, {'/camera': '/elsewhere/local.xml'})
    assert finding.status == 'skip'
    assert '/camera: /elsewhere/local.xml' in finding.found


def test_check_transport_driver_without_report_uses_the_profile_of_the_shell():
    local = str(share_dir() / 'config/dds/local.xml')
    found = system.check_transport({'ROS_DISTRO': 'kilted'}, FULL_HD,
                                   {'/usb_cam': '', '/classifier': local})
    assert [one.status for one in found] == ['ok', 'warn']


def test_check_bundle_broken_bundle_fails(tmp_path):
    assert system.check_bundle('traffic_signs', 'traffic_signs_rules.yaml').status == 'ok'
    assert system.check_bundle(str(tmp_path), 'traffic_signs_rules.yaml').status == 'fail'


def test_check_bundle_rules_for_missing_classes_fail(tmp_path):
    rules = tmp_path / 'rules.yaml'
    text = (share_dir() / 'config' / 'traffic_signs_rules.yaml').read_text()
    rules.write_text(text.replace('[keep left,', '[keep calm,'))
    finding = system.check_bundle('traffic_signs', str(rules))
    assert finding.status == 'fail'
    assert 'no class "keep calm"' in finding.found


def test_check_bundle_optional_class_missing_is_ok(tmp_path):
    rules = tmp_path / 'rules.yaml'
    text = (share_dir() / 'config' / 'traffic_signs_rules.yaml').read_text()
    rules.write_text(text.replace('[keep left,', '[keep calm,')
                     + 'optional_labels: [keep calm]\n')
    assert system.check_bundle('traffic_signs', str(rules)).status == 'ok'


def test_check_rules_motion_without_a_class_is_a_warning(tmp_path):
    assert system.check_rules('traffic_signs_rules.yaml').status == 'ok'
    rules = tmp_path / 'rules.yaml'
    text = (share_dir() / 'config' / 'traffic_signs_rules.yaml').read_text()
    rules.write_text(text.replace('max_unsure_s: 2.0', 'max_unsure_s: 3600.0'))
    finding = system.check_rules(str(rules))
    assert finding.status == 'warn'
    assert 'rule `unsure` may move base for 3600 s' in finding.found
    assert 'votes.max_unsure_s' in finding.fix
    rules.write_text('rules: 7\n')
    assert system.check_rules(str(rules)).status == 'fail'


def test_leftovers_are_only_old_files_without_a_process(tmp_path):
    shm, proc = tmp_path / 'shm', tmp_path / 'proc'
    (proc / '1' / 'fd').mkdir(parents=True)
    shm.mkdir()
    for name in ('fastdds_a', 'fastdds_a_el', 'fastdds_b', 'fastdds_b_el', 'other', 'fastdds_new'):
        (shm / name).write_text('x')
        if name != 'fastdds_new':
            os.utime(shm / name, (1, 1))
    (proc / '1' / 'maps').write_text(f'7f00-7f01 rw-s 0 00:1a 5 {shm}/fastdds_a\n')
    found = shared_memory.leftovers(shm, proc)
    assert [path.name for path in found] == ['fastdds_b', 'fastdds_b_el']


TALK = """
import sys, threading, rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist, TwistStamped
from sensor_msgs.msg import Image
from std_msgs.msg import Bool, String
from vision_msgs.msg import Classification, VisionInfo
rclpy.init()
node = rclpy.create_node(sys.argv[1])
kinds = {'Twist': Twist, 'TwistStamped': TwistStamped, 'Image': Image, 'Bool': Bool,
         'String': String, 'Classification': Classification, 'VisionInfo': VisionInfo,
         'DiagnosticArray': DiagnosticArray}
for word in sys.argv[2:]:
    side, kind, topic, *quality = word.split(':')
    reliability, durability = (quality + ['RELIABLE', 'VOLATILE'][len(quality):])[:2]
    profile = QoSProfile(depth=1, reliability=ReliabilityPolicy[reliability],
                         durability=DurabilityPolicy[durability])
    if side == 'deaf':
        continue
    if side == 'declare':
        node.declare_parameter(kind, {'true': True, 'false': False}.get(topic, 0.5))
    elif side in ('pub', 'beat'):
        publisher = node.create_publisher(kinds[kind], topic, profile)
        if side == 'beat':
            node.create_timer(0.1, lambda one=publisher, kind=kinds[kind]: one.publish(kind()))
    else:
        node.create_subscription(kinds[kind], topic, print, profile)
print('ready', flush=True)
if 'deaf:x:x' in sys.argv:
    threading.Event().wait()
rclpy.spin(node)
"""


def talk(robot, name, *words):
    """Start a process with some publishers and subscriptions, and wait until it has them."""
    process = robot.run(name, [sys.executable, '-c', TALK, name, *words])
    robot.poll(lambda: 'ready' in robot.log(name), f'ready {name}')
    return process


def findings(robot, *, prefix='', status='fail', patience_s=1.0):
    """Return doctor's findings about the running graph by check; a status of None means any."""
    look = look_at_graph({'seconds': patience_s / 2, 'patience_s': patience_s, 'rules': '',
                          'prefix': prefix}, robot.environment)
    return {one.check: one for one in look.findings
            if status in (one.status, None)}


def every_finding(robot, says):
    """Return doctor's findings with this text; a check may have several."""
    look = look_at_graph({'seconds': 0.5, 'patience_s': 1.0, 'rules': '', 'prefix': ''},
                         robot.environment)
    return [one for one in look.findings if says in one.found]


def look_until(robot, condition, what, **options):
    """
    Return doctor's findings once a condition holds for them.

    Looks get longer and longer: a busy machine discovers nodes late.
    """
    found, patience_s = {}, itertools.chain((1.0, 1.0, 2.0, 4.0), itertools.repeat(8.0))

    def there():
        found.clear()
        found.update(findings(robot, patience_s=next(patience_s), **options))
        return condition(found)
    robot.poll(there, what, timeout_s=300.0)
    return found


def finding(robot, check, *, says='', fix='', **options):
    """Return a finding once doctor reports it."""
    return look_until(
        robot, lambda found: check in found and says in found[check].found
        and fix in found[check].fix, f'finding {check}', **options)[check]


@pytest.mark.ros
def test_doctor_node_with_a_subscription_per_qos_matches_every_publisher(robot):
    talk(robot, 'button', 'pub:Image:image:BEST_EFFORT')
    talk(robot, 'gate_estop', 'sub:Image:image:RELIABLE', 'sub:Image:image:BEST_EFFORT')
    talk(robot, 'viewer', 'sub:Image:image:RELIABLE')
    found = finding(robot, 'QoS of /image').found
    assert '-> /viewer' in found
    assert 'gate_estop' not in found


@pytest.mark.field(
    'ros-perception/image_pipeline #770',
    'a viewer asks for RELIABLE and the camera offers BEST_EFFORT')
@pytest.mark.ros
def test_doctor_qos_mismatch_is_named_with_both_nodes_and_the_fix(robot):
    talk(robot, 'driver', 'pub:Image:image:BEST_EFFORT')
    talk(robot, 'viewer', 'sub:Image:image:RELIABLE')
    failed = finding(robot, 'QoS of /image')
    assert '/driver -> /viewer' in failed.found
    assert failed.fix.startswith(
        'ros2 param dump /viewer | grep -i qos  # make /viewer request BEST_EFFORT reliability')
    assert 'qos_overrides./image.subscription.reliability:=best_effort' in failed.fix
    look_until(robot, lambda found: list(found) == ['QoS of /image'], 'finding of the QoS alone')


@pytest.mark.field(
    'ROBOTIS-GIT/turtlebot3 #1135', 'one side sends TwistStamped and the other takes Twist')
@pytest.mark.ros
def test_doctor_twist_against_twist_stamped_is_named_with_the_command(robot, tmp_path):
    gate = robot.start('gate')
    robot.is_active('gate')
    talk(robot, 'base', 'sub:Twist:cmd_vel:RELIABLE')
    fix = finding(robot, 'type of /cmd_vel').fix
    # another publisher is not changed by the rules of the gate
    teleop = talk(robot, 'teleop', 'pub:TwistStamped:cmd_vel')
    found = []
    robot.poll(lambda: found.extend(every_finding(robot, '/teleop -> /base')) or found,
               'other publisher', timeout_s=90.0)
    assert found[0].fix.startswith('ros2 topic info --verbose /cmd_vel  # make /teleop send ')
    teleop.kill()
    change, _, start = fix.partition(' && ')
    assert start.startswith('digiphys run --set rules=my_rules.yaml  #')
    # the fix works
    subprocess.run(['sh', '-c', change], cwd=tmp_path, check=True)
    gate.kill()
    gate.wait()
    robot.start('gate', rules=str(tmp_path / 'my_rules.yaml'))
    look_until(robot, lambda found: list(found) == ['chain'], 'end of the finding')


@pytest.mark.field(
    'RobotWebTools/rosbridge_suite #1022', 'durability keeps a pair apart, not reliability')
@pytest.mark.ros
@pytest.mark.parametrize(('offered', 'wanted', 'says'), [
    ('RELIABLE', 'RELIABLE', 'request VOLATILE durability'),
    # the fix names the incompatible policy, not other differences
    ('RELIABLE', 'BEST_EFFORT', 'request VOLATILE durability')])
def test_match_qos_names_the_incompatible_policy(robot, offered, wanted, says):
    talk(robot, 'driver', f'pub:Image:image:{offered}')
    talk(robot, 'viewer', f'sub:Image:image:{wanted}:TRANSIENT_LOCAL')
    assert says in finding(robot, 'QoS of /image').fix


@pytest.mark.ros
def test_doctor_type_mismatch_names_the_publisher_and_the_expected_type(robot):
    talk(robot, 'driver', 'pub:Image:image')
    talk(robot, 'viewer', 'sub:Bool:image')
    assert finding(robot, 'type of /image').fix == \
        'ros2 topic info --verbose /image  # make /driver send std_msgs/msg/Bool, or remap it'


@pytest.mark.field('bit-bots/bitbots_main #367', 'two nodes command the base at the same time')
@pytest.mark.ros
def test_doctor_second_publisher_on_the_command_topic_is_named(robot):
    robot.start('gate')
    robot.is_active('gate')
    talk(robot, 'base', 'sub:TwistStamped:cmd_vel:RELIABLE')
    # there is nothing before the gate
    look_until(robot, lambda found: list(found) == ['chain'], 'finding about the chain alone')
    talk(robot, 'joystick', 'pub:TwistStamped:cmd_vel:RELIABLE')
    assert 'joystick' in finding(robot, 'commands on /cmd_vel', says='joystick').found


@pytest.mark.field(
    'turtlebot/turtlebot4 #603', 'commands are published and no base subscribes to them')
@pytest.mark.ros
def test_doctor_commands_without_a_subscriber_are_named(robot):
    robot.start('gate')
    robot.is_active('gate')
    assert 'nobody subscribes' in finding(robot, 'commands on /cmd_vel').found


@pytest.mark.field('eProsima/Fast-DDS #2790', '/dev/shm fills up after many runs')
@pytest.mark.ros
def test_leftovers_of_a_killed_process_are_found_and_those_of_a_live_one_kept(robot, monkeypatch):
    killed = talk(robot, 'killed', 'pub:Image:image:BEST_EFFORT')
    alive = talk(robot, 'alive', 'sub:Image:image:BEST_EFFORT')
    own, kept = robot.shared_memory(killed.pid), robot.shared_memory(alive.pid)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    monkeypatch.setattr(shared_memory, 'YOUNG_S', -1.0)
    found = {path.name for path in shared_memory.leftovers()}
    # files that other processes have mapped stay; the rest belonged to the killed process
    theirs = robot.shared_memory(alive.pid) | robot.shared_memory(os.getpid())
    assert own - theirs
    assert own - theirs <= found
    assert not (kept | theirs) & found


INPUTS = {'desired/base': 'TwistStamped', 'classification': 'Classification', 'image': 'Image',
          'vision_info': 'VisionInfo', 'front/image': 'Image',
          'front/classification': 'Classification'}


@pytest.mark.ros
def test_doctor_two_publishers_on_an_input_are_named_with_a_fix(robot):
    for name in ('first', 'second'):
        talk(robot, name, *(f'pub:{kind}:/car/{topic}' for topic, kind in INPUTS.items()))
    found = look_until(
        robot, lambda found: all(f'publishers on /car/{topic}' in found for topic in INPUTS),
        'findings', prefix='/car')
    for topic in INPUTS:
        failed = found[f'publishers on /car/{topic}']
        assert '/first, /second' in failed.found
        assert 'stop all except one' in failed.fix


@pytest.mark.ros
def test_doctor_two_publishers_on_a_remapped_image_are_named(robot):
    talk(robot, 'classifier', 'sub:Image:/camera/image_raw')
    driver = talk(robot, 'driver', 'pub:Image:/camera/image_raw')
    look_until(robot, lambda found: not found, 'graph without a finding')
    player = talk(robot, 'player', 'pub:Image:/camera/image_raw')
    failed = finding(robot, 'publishers on /camera/image_raw')
    assert '/driver, /player' in failed.found
    assert failed.fix.startswith(f'kill {player.pid}  # ends /player; kill {driver.pid} ends /dr')


@pytest.mark.ros
def test_doctor_guard_of_a_gate_is_not_a_second_publisher(robot):
    talk(robot, 'base', 'sub:TwistStamped:cmd_vel')
    talk(robot, 'gate_guard', 'pub:TwistStamped:cmd_vel')
    look_until(robot, lambda found: not found, 'graph without a finding')
    talk(robot, 'gate', 'pub:TwistStamped:cmd_vel')
    look_until(robot, lambda found: not found, 'graph without a finding')
    talk(robot, 'joystick', 'pub:TwistStamped:cmd_vel')
    found = finding(robot, 'commands on /cmd_vel', says='/joystick').found
    assert '/gate, /joystick' in found
    assert 'gate_guard' not in found


def gate(robot, required):
    """Start a node with the parameters of a gate."""
    talk(robot, 'gate', f'declare:estop_required:{required}', 'declare:estop_timeout_s:x')


@pytest.mark.ros
def test_doctor_required_estop_missing_silent_and_sent(robot):
    gate(robot, 'true')
    missing = finding(robot, 'e-stop')
    assert 'no publisher on /estop' in missing.found
    assert missing.fix.startswith('ros2 topic list --verbose  # start the node of the button')
    elsewhere = talk(robot, 'panel', 'beat:Bool:panel/stop')
    fix = finding(robot, 'e-stop', says='no publisher', fix='digiphys').fix
    assert fix.startswith('digiphys run --remap estop:=/panel/stop  # if that is the e-stop')
    elsewhere.kill()
    talk(robot, 'button', 'beat:Bool:estop')
    look_until(robot, lambda found: not found, 'graph without a finding')
    talk(robot, 'dead_button', 'pub:Bool:estop')
    silent = finding(robot, 'e-stop', says='/dead_button')
    assert '/dead_button is silent' in silent.found
    assert silent.fix.startswith('ros2 topic hz /estop  # /dead_button must publish its state')


@pytest.mark.ros
def test_doctor_estop_of_a_remapped_gate_is_found(robot):
    from digiphys_ros.ros.parameters.configuration import command
    robot.run('gate', command('gate', remaps=['estop:=/panel/stop'], parameters={
        'estop_required': True, 'estop_wait_s': 0.0}))
    talk(robot, 'panel', 'beat:Bool:panel/stop')
    robot.wait(lambda: robot.message('gate').startswith('base: waiting; '), 'gate that hears it')
    assert 'e-stop' not in findings(robot, status=None)
    robot.start('gate', 'other', estop_required=True)
    says = 'e-stop required and nobody publishes it'
    robot.wait(lambda: says in robot.message('other/gate'), 'gate without an e-stop')
    failed = finding(robot, 'e-stop', prefix='/other')
    assert 'no publisher on /other/estop' in failed.found
    assert failed.fix.startswith('digiphys run --remap estop:=/panel/stop  #')
    error = finding(robot, 'diagnostics of /other/gate', prefix='/other')
    assert says in error.found
    assert error.fix.startswith('ros2 topic list --verbose  # start the node of the button')


@pytest.mark.ros
def test_doctor_estop_not_required_may_be_missing_or_silent(robot):
    gate(robot, 'false')
    hint = finding(robot, 'e-stop', status='warn')
    assert 'no e-stop publisher on /estop' in hint.found
    talk(robot, 'button', 'pub:Bool:estop')
    look_until(robot, lambda found: 'e-stop' not in found, 'e-stop without a finding',
               status=None)


@pytest.mark.ros
def test_doctor_estop_of_another_type_is_named(robot):
    gate(robot, 'false')
    talk(robot, 'button', 'pub:String:estop')
    failed = finding(robot, 'e-stop')
    assert '/button publishes std_msgs/msg/String on /estop' in failed.found
    assert failed.fix == \
        'ros2 topic info --verbose /estop  # make /button send std_msgs/msg/Bool, or remap it'


@pytest.mark.ros
def test_doctor_nodes_that_do_not_answer_or_report_are_named(robot):
    deaf = talk(robot, 'gate', 'deaf:x:x', 'pub:DiagnosticArray:/diagnostics')
    found = look_until(
        robot, lambda found: {'reports', 'e-stop'} <= found.keys()
        and 'does not answer' in found['e-stop'].found, 'findings', status=None)
    assert found['e-stop'].status == 'warn'
    assert found['reports'].status == 'fail'
    assert '/gate exists but does not report' in found['reports'].found
    # both are one command, and it works
    assert found['reports'].fix == found['e-stop'].fix
    assert found['reports'].fix.startswith(f'kill -9 {deaf.pid}  # `digiphys run` and')


@pytest.mark.ros
def test_doctor_node_error_makes_the_graph_unhealthy(robot):
    from digiphys_ros.ros.messages.images import vision_info_message
    from digiphys_ros.ros.qos import LATCHED
    from std_msgs.msg import Header
    from vision_msgs.msg import VisionInfo
    infos = robot.node.create_publisher(VisionInfo, 'vision_info', LATCHED)
    infos.publish(vision_info_message('other@0', ['cat', 'dog'], Header()))
    robot.start('policy')
    robot.wait(lambda: 'has no class' in robot.message('policy'), 'error')
    failed = finding(robot, 'diagnostics of /policy')
    assert 'the model other@0 has no class' in failed.found
    assert failed.fix.startswith('ros2 param set /classifier bundle traffic_signs  # fits ')
