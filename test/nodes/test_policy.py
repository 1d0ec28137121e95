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

import pytest

pytestmark = pytest.mark.ros

RULES = """\
actuators:
  base:
    kind: twist_stamped
    topic: cmd_vel
    fields:
      linear.x: {min: 0.0, max: 0.6, safe: 0.0, max_rate_per_s: 2.0}
votes: {window: 5, needed: 3, max_age_s: 2.0}
rules:
  - {name: halt, when: [stop], command: {base: {linear.x: 0.0}}}
  - {name: go, when: [green light], command: {base: {linear.x: 0.5}}}
  - {name: unsure, when: [abstain], command: {base: {linear.x: 0.0}}}
  - {name: otherwise, default: true, command: {base: {linear.x: 0.1}}}
"""


def table(labels, **about):
    from digiphys_ros.nodes.conversions import vision_info_message
    from std_msgs.msg import Header
    return vision_info_message('test@0', labels, Header(), **about)


def tell(robot, **about):
    """Return a latched publisher that has told what classifies."""
    from digiphys_ros.nodes.qos import LATCHED
    from vision_msgs.msg import VisionInfo
    infos = robot.node.create_publisher(VisionInfo, 'vision_info', LATCHED)
    infos.publish(table(['stop', 'no_sign'], **about))
    return infos


def test_rules_for_classes_the_model_does_not_know_are_told(robot, tmp_path):
    from digiphys_ros.nodes.qos import LATCHED
    from vision_msgs.msg import VisionInfo
    rules = tmp_path / 'rules.yaml'
    rules.write_text(RULES)
    infos = robot.node.create_publisher(VisionInfo, 'vision_info', LATCHED)
    infos.publish(table(['stop', 'yield']))
    robot.start('policy', rules=str(rules))
    robot.wait(lambda: 'has no class "green light"' in robot.message('policy'), 'warning')
    infos.publish(table(['stop', 'green light']))
    robot.wait(lambda: robot.message('policy') == 'no rule yet', 'all well')


@pytest.mark.parametrize('about', [
    '{"labels": {"0": ["a"]}}', '{"labels": {"0": 1, "1": "x"}}', '[' * 200_000],
    ids=['lists', 'numbers', 'too deep'])
def test_a_label_table_that_is_none_ends_nothing(robot, about):
    from digiphys_ros.nodes.qos import LATCHED
    from vision_msgs.msg import VisionInfo
    infos = robot.node.create_publisher(VisionInfo, 'vision_info', LATCHED)
    infos.publish(VisionInfo(method='other@0', database_location=about))
    process = robot.start('policy')
    robot.wait(lambda: 'carries no label table' in robot.message('policy'), 'warning')
    assert process.poll() is None


def test_the_desired_command_has_the_images_header(robot):
    from digiphys_ros.nodes.conversions import classification_message
    from geometry_msgs.msg import TwistStamped
    from std_msgs.msg import Header
    from vision_msgs.msg import Classification
    tell(robot)
    robot.start('policy')
    robot.is_active('policy')
    desired = robot.listen(TwistStamped, 'desired/base')
    classifications = robot.speak(Classification, 'classification')
    shown = []

    def show():
        shown.append(Header(stamp=robot.now(), frame_id='lens'))
        classifications.publish(classification_message([('stop', 0.99)], shown[-1]))
        return desired
    robot.poll(show, 'desired command')
    assert desired[0].header in shown
    assert desired[0].twist.linear.x == 0.0


class Seen:
    """A classifier of the test's own that sees one stop sign after another."""

    def __init__(self, robot):
        from geometry_msgs.msg import TwistStamped
        from vision_msgs.msg import Classification
        self._robot = robot
        self.desired = robot.listen(TwistStamped, 'desired/base')
        self._publisher = robot.speak(Classification, 'classification')

    def show(self, count):
        from digiphys_ros.nodes.conversions import classification_message
        from std_msgs.msg import Header
        before = int(self._robot.value('policy', 'classifications') or 0)

        def received():
            self._publisher.publish(classification_message(
                [('stop', 0.99)], Header(stamp=self._robot.now())))
            return int(self._robot.value('policy', 'classifications') or 0) >= before + count
        self._robot.poll(received, f'{count} classifications')


@pytest.mark.parametrize('start', ['before', 'after'])
def test_a_model_for_advice_moves_nothing(robot, start):
    if start == 'before':
        tell(robot, use='advice')
    robot.start('policy')
    robot.is_active('policy')
    if start == 'after':
        # one that may command beside it changes nothing
        tell(robot)
        tell(robot, use='advice')
    sentence = 'test@0 is for advice to a person: no rule acts on it and no actuator can be wired'
    robot.wait(lambda: sentence in robot.message('policy'), 'refusal')
    if start == 'after':
        tell(robot)
    seen = Seen(robot)
    seen.show(10)
    assert not seen.desired
    assert sentence in robot.message('policy')


def test_nothing_moves_before_it_is_known_what_classifies(robot):
    robot.start('policy')
    robot.is_active('policy')
    seen = Seen(robot)
    seen.show(10)
    assert not seen.desired
    assert 'waits for vision_info' in robot.message('policy')
    tell(robot)
    seen.show(10)
    assert seen.desired
