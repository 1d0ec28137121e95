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

from array import array
import hashlib
import json
import sys

from digiphys_ros.advice import verify
import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]

COMMANDING = {'geometry_msgs/msg/TwistStamped', 'geometry_msgs/msg/Twist',
              'sensor_msgs/msg/JointState', 'std_msgs/msg/Float64', 'std_msgs/msg/Bool',
              'trajectory_msgs/msg/JointTrajectory', 'vision_msgs/msg/Classification'}


class Reader:
    """The test's own classifier and person for a running triage node."""

    def __init__(self, robot, log, informed=True, model='xray@a1b2', **parameters):
        from diagnostic_msgs.msg import DiagnosticArray
        from digiphys_ros.ros.qos import LATCHED, RELIABLE
        from sensor_msgs.msg import Image
        from vision_msgs.msg import Classification, VisionInfo
        self.robot, self.log, self.model = robot, log, model
        self._infos = robot.node.create_publisher(VisionInfo, 'vision_info', LATCHED)
        if informed:
            self.inform()
        robot.start('triage', audit_log=str(log), **parameters)
        robot.is_active('triage')
        self.advice = robot.listen(DiagnosticArray, 'advice')
        self._classifications = robot.speak(Classification, 'classification', RELIABLE)
        self._decisions = robot.speak(DiagnosticArray, 'decision', RELIABLE)
        self._images = robot.speak(Image, 'image')
        robot.wait(lambda: robot.value('triage', 'listeners') == '1', 'listener')
        if informed:
            robot.wait(lambda: robot.message('triage') == 'active', 'model')

    def inform(self):
        from digiphys_ros.ros.messages.images import vision_info_message
        from std_msgs.msg import Header
        self._infos.publish(vision_info_message(
            self.model, ['normal', 'pneumonia'], Header(), use='advice', abstain_below=0.6))

    def header(self, number):
        from std_msgs.msg import Header
        header = Header(frame_id='table')
        header.stamp.sec = number
        return header

    def show(self, number, *scores):
        from digiphys_ros.ros.messages.images import classification_message
        self._classifications.publish(classification_message(scores, self.header(number)))

    def advise(self, number, *scores):
        before = len(self.advice)
        self.show(number, *scores)
        self.robot.wait(lambda: len(self.advice) > before, 'advice')
        return self.advice[-1]

    def image(self, number, data, height=1):
        from sensor_msgs.msg import Image
        width = len(data) // height
        self._images.publish(Image(header=self.header(number), height=height, width=width,
                                   encoding='mono8', step=width, data=array('B', data)))

    def decide(self, number, note='', **values):
        from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
        self._decisions.publish(DiagnosticArray(header=self.header(number), status=[
            DiagnosticStatus(message=note, values=[
                KeyValue(key=key, value=value)
                for key, value in {'schema_version': '1', **values}.items()])]))

    def count(self, name):
        return int(self.robot.value('triage', name) or 0)


@pytest.fixture
def log(tmp_path):
    return tmp_path / 'logs' / 'audit.jsonl'


@pytest.fixture
def reader(robot, log):
    return Reader(robot, log)


def values(message):
    return {item.key: item.value for item in message.status[0].values}


def test_triage_advice_has_header_reason_and_queue_position(reader):
    reader.advise(1, ('normal', 0.9), ('pneumonia', 0.1))
    message = reader.advise(2)
    assert message.header == reader.header(2)
    assert message.status[0].name == 'table@2.000000000'
    assert message.status[0].message == ('No advice: the best calibrated confidence is below the '
                                         'abstain threshold of 0.60.')
    assert {'position': '1', 'waiting': '2', 'label': '', 'bundle': 'xray'}.items() \
        <= values(message).items()
    assert values(message)['hash'] == verify(reader.log).head


def test_triage_decision_closes_the_case_and_is_logged(reader):
    reader.advise(1, ('normal', 0.9), ('pneumonia', 0.1))
    reader.advise(2)
    assert verify(reader.log).entries == 2
    reader.decide(2, note='left base', label='pneumonia', reader='Dr A')
    reader.robot.wait(lambda: reader.count('decided') == 1, 'decision')
    assert reader.robot.value('triage', 'next') == 'table@1.000000000'
    assert '"reader": "Dr A", "note": "left base"' in reader.log.read_text().splitlines()[-1]
    assert verify(reader.log) == verify(reader.log, verify(reader.log).head)


def test_triage_decision_without_case_or_reader_is_refused_with_the_reason(reader):
    reader.decide(7, label='normal', reader='Dr A')
    reader.robot.wait(lambda: 'there is no case table@7' in reader.robot.message('triage'), 'case')
    reader.decide(7, label='normal')
    reader.robot.wait(lambda: 'needs one status with the values label and reader'
                      in reader.robot.message('triage'), 'refusal')
    assert verify(reader.log).entries == 0


def test_triage_log_has_the_sha256_of_the_image(reader):
    data = bytes(range(100))
    reader.image(3, data)
    digest = hashlib.sha256(data).hexdigest()

    def known():
        # an image may reach the node after its classification
        known.number += 1
        reader.image(known.number, data)
        return values(reader.advise(known.number))['sha256'] == digest
    known.number = 3
    reader.robot.poll(known, 'sha256')


def test_triage_reason_names_the_decisive_part_of_the_image(robot, log):
    from digiphys_ros.applications.triage.phantoms import draw_phantom
    from digiphys_ros.bundles import load_bundle
    from digiphys_ros.perception import Classifier, create_engine, Frame
    from digiphys_ros.resources import find_resource
    bundle = load_bundle(find_resource('chest_xray', 'models'))
    classifier = Classifier(bundle, create_engine(bundle)[0])
    phantoms = [draw_phantom(np.random.default_rng(seed), 'normal') for seed in range(20)]
    phantom, answer = next((one, answer) for one in phantoms
                           if not (answer := classifier(Frame(one, 'mono'))).abstained)
    reader = Reader(robot, log, model=f'chest_xray@{bundle.hash}', bundle='chest_xray')

    def is_explained():
        # an image may reach the node after its classification
        is_explained.number += 1
        reader.image(is_explained.number, phantom.tobytes(), len(phantom))
        advice = reader.advise(is_explained.number, *answer.scores)
        return 'the answer depends on that part' in advice.status[0].message
    is_explained.number = 0
    robot.poll(is_explained, 'explanation')
    assert set(json.loads(log.read_text().splitlines()[-1])['explanation']) == {
        'place', 'box', 'score', 'covered'}
    # an abstention has no decisive part
    reader.image(50, phantom.tobytes(), len(phantom))
    assert 'looked' not in reader.advise(50).status[0].message
    reader.model = 'chest_xray@another'
    reader.inform()
    robot.wait(lambda: 'is not chest_xray, which classifies' in robot.message('triage'), 'model')
    reader.image(51, phantom.tobytes(), len(phantom))
    assert 'looked' not in reader.advise(51, *answer.scores).status[0].message


def test_triage_missing_model_stays_unconfigured(robot, log):
    robot.start('triage', audit_log=str(log), bundle='nothing')
    robot.wait(lambda: 'nothing' in robot.message('triage'), 'refusal')
    assert robot.value('triage', 'phase') == 'unconfigured'


def test_triage_advice_is_logged_first(reader):
    reader.advise(1)
    reader.log.rename(reader.log.with_name('elsewhere'))
    reader.show(2)
    reader.robot.wait(lambda: reader.count('unlogged') == 1, 'refusal')
    assert 'nothing goes out unlogged' in reader.robot.message('triage')
    assert len(reader.advice) == 1
    reader.log.with_name('elsewhere').rename(reader.log)
    reader.advise(3)
    assert verify(reader.log).entries == 2


def test_triage_changed_log_stays_unconfigured(robot, log):
    log.parent.mkdir()
    log.write_text('{"index": 1}\n')
    robot.start('triage', audit_log=str(log))
    robot.wait(lambda: 'line 1 is not a complete entry' in robot.message('triage'), 'refusal')
    assert robot.value('triage', 'phase') == 'unconfigured'


def test_triage_open_cases_survive_a_restart(robot, log):
    from digiphys_ros.advice import AuditLog, Desk, Image, Model
    Desk(AuditLog(log)).advise(Image('table@9.000000000'), [], Model('xray', 'a1b2'), 0.0)
    reader = Reader(robot, log)
    robot.wait(lambda: reader.robot.value('triage', 'next') == 'table@9.000000000', 'case')


def test_triage_before_vision_info_gives_no_advice(robot, log):
    reader = Reader(robot, log, informed=False)
    reader.show(1)
    robot.wait(lambda: reader.count('refused') == 1, 'refusal')
    assert 'waits for vision_info' in robot.message('triage')
    reader.inform()
    robot.wait(lambda: robot.message('triage') == 'active', 'model')
    reader.advise(2)
    assert len(reader.advice) == 1


def test_triage_every_transition_works_and_ends_cleanly(robot, log):
    import signal
    process = robot.start('triage', autostart=False, audit_log=str(log))
    for number, phase in ((1, 'inactive'), (3, 'active'), (4, 'inactive'), (2, 'unconfigured'),
                          (1, 'inactive'), (3, 'active')):
        assert robot.transition('triage', number), robot.log('triage')
        robot.wait(lambda wanted=phase: robot.value('triage', 'phase') == wanted, phase)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert 'Traceback' not in robot.log('triage')


def test_triage_topics_have_no_actuator_type(reader):
    offered = dict(reader.robot.node.get_publisher_names_and_types_by_node('triage', '/'))
    assert offered['/advice'] == ['diagnostic_msgs/msg/DiagnosticArray']
    assert not COMMANDING & {kind for types in offered.values() for kind in types}


def test_triage_shipped_configuration_advises_on_simulated_images(robot, log):
    from diagnostic_msgs.msg import DiagnosticArray
    advice = robot.listen(DiagnosticArray, 'advice')
    robot.run('run', [sys.executable, '-m', 'digiphys_ros.cli.main', 'run', '--config', 'triage',
                      '--set', f'triage.audit_log={log}'])
    robot.wait(lambda: len(advice) >= 2, 'advice', 40.0)
    assert advice[0].header.frame_id == 'xray'
    assert advice[0].header.stamp != advice[1].header.stamp
    assert values(advice[-1])['bundle'] == 'chest_xray'
    robot.wait(lambda: any('depends on that part' in one.status[0].message for one in advice),
               'explanation', 40.0)
    assert not verify(log).problems


@pytest.mark.parametrize(('variables', 'folder'), [
    ({'ROS_HOME': '{}/ros'}, 'ros'), ({'ROS_HOME': '', 'HOME': '{}/home'}, 'home/.ros')])
def test_triage_log_is_in_ros_home(robot, tmp_path, variables, folder):
    robot.environment |= {name: text.format(tmp_path) for name, text in variables.items()}
    robot.start('triage')
    robot.is_active('triage')
    path = tmp_path / folder / 'triage_audit.jsonl'
    assert robot.value('triage', 'audit_log') == str(path)


def test_triage_writes_with_its_key_and_logs_the_last_hash(robot, log, tmp_path):
    (tmp_path / 'key').write_bytes(bytes(range(32)))
    reader = Reader(robot, log, audit_key=str(tmp_path / 'key'))
    reader.advise(1, ('normal', 0.9))
    found = verify(log, key=bytes(range(32)))
    assert (found.entries, found.problems) == (1, ())
    assert f'audit log: 0 entries, last hash {"0" * 64}' in robot.log('triage')
    robot.wait(lambda: robot.value('triage', 'audit_head') == found.head, 'head')
