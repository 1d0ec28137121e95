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

from digiphys_ros.resources import share_dir
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]

ERROR = b'\x02'

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


SHIPPED = (share_dir() / 'config' / 'labels' / 'gtsrb.txt').read_text().split('\n')[:43]


def table(labels, **about):
    from digiphys_ros.ros.messages.images import vision_info_message
    from std_msgs.msg import Header
    return vision_info_message('test@0', labels, Header(), **about)


def announce_model(robot, **about):
    """Return a latched publisher of vision_info with all classes of the shipped rules."""
    from digiphys_ros.ros.qos import LATCHED
    from vision_msgs.msg import VisionInfo
    infos = robot.node.create_publisher(VisionInfo, 'vision_info', LATCHED)
    infos.publish(table([*SHIPPED, 'no_sign'], **about))
    return infos


def test_policy_model_lacks_a_class_of_the_rules_commands_nothing(robot, tmp_path):
    from digiphys_ros.ros.qos import LATCHED
    from vision_msgs.msg import VisionInfo
    rules = tmp_path / 'rules.yaml'
    rules.write_text(RULES)
    infos = robot.node.create_publisher(VisionInfo, 'vision_info', LATCHED)
    infos.publish(table(['stop', 'yield']))
    robot.start('policy', rules=str(rules))
    robot.wait(lambda: 'has no class "green light"' in robot.message('policy'), 'error')
    sentence = robot.message('policy')
    assert robot.levels['/policy'] == ERROR
    assert 'the model test@0' in sentence
    assert 'use a model that has it, or list it in `optional_labels`' in sentence
    seen = Seen(robot)
    seen.show(10)
    assert not seen.desired
    infos.publish(table(['stop', 'green light']))
    robot.wait(lambda: 'has no class' not in robot.message('policy'), 'all well')
    seen.show(10)
    assert seen.desired


def test_policy_second_matching_model_does_not_unlock_a_mismatch(robot, tmp_path):
    from digiphys_ros.ros.qos import LATCHED
    from vision_msgs.msg import VisionInfo
    rules = tmp_path / 'rules.yaml'
    rules.write_text(RULES)

    def announce(*labels):
        infos = robot.node.create_publisher(VisionInfo, 'vision_info', LATCHED)
        infos.publish(table(labels))
        return infos

    def rejected():
        return 'has no class "green light"' in robot.message('policy')
    unfit = announce('stop', 'yield')
    robot.start('policy', rules=str(rules))
    robot.wait(rejected, 'error')
    fits = announce('stop', 'green light')
    robot.wait(lambda: '2 publishers on /vision_info' in robot.message('policy'), 'warning')
    fits.publish(table(['stop', 'green light']))
    seen = Seen(robot)
    seen.show(10)
    assert rejected()
    assert not seen.desired
    # in order: the matching one stays, and its latched message is received again
    robot.node.destroy_publisher(unfit)
    robot.wait(lambda: not rejected(), 'model that fits')
    seen.show(10)
    assert seen.desired
    # a second one that does not match stops the first
    second = announce('stop')
    robot.wait(rejected, 'error')
    del seen.desired[:]
    seen.show(10)
    assert not seen.desired
    # replaced: the last one ends, and another one comes
    for one in (fits, second):
        robot.node.destroy_publisher(one)
    fits = announce('stop', 'green light')
    robot.wait(lambda: not rejected(), 'model that fits')
    seen.show(10)
    assert seen.desired


def test_policy_model_lacks_an_optional_class_commands(robot, tmp_path):
    rules = tmp_path / 'rules.yaml'
    rules.write_text(f'{RULES}optional_labels: [green light]\n')
    announce_model(robot)
    robot.start('policy', rules=str(rules))
    robot.is_active('policy')
    seen = Seen(robot)
    seen.show(10)
    assert seen.desired


FACTS = '{"schema_version": 1, "labels": {"0": "stop", "1": "no_sign"}, "use": "control"}'
CUT_OFF = FACTS[:-6]


UNREADABLE = {
    'lists': FACTS.replace('"stop"', '["a"]'), 'numbers': FACTS.replace('"stop"', '1'),
    'too deep': '[' * 200_000, 'cut off': CUT_OFF, 'no object': '["stop"]', 'empty': '',
    'use is a number': FACTS.replace('"control"', '7'),
    'use is unknown': FACTS.replace('"control"', '"steer"'),
    'newer version': FACTS.replace('1', '2', 1),
    'no version': FACTS.replace('"schema_version": 1, ', ''),
    'unknown field': FACTS.replace('}', ', "more": 1}'),
    'number left out': FACTS.replace('"1"', '"2"')}


def test_policy_unreadable_vision_info_commands_nothing(robot, tmp_path):
    from digiphys_ros.ros.qos import LATCHED
    from vision_msgs.msg import VisionInfo
    infos = robot.node.create_publisher(VisionInfo, 'vision_info', LATCHED)
    rules = tmp_path / 'rules.yaml'
    rules.write_text(RULES.replace('green light', 'no_sign'))
    process = robot.start('policy', rules=str(rules))
    seen = Seen(robot)
    for name, about in UNREADABLE.items():
        infos.publish(VisionInfo(method='other@0', database_location=about))
        robot.wait(lambda: robot.levels.get('/policy') == ERROR, f'error of {name}')
        assert 'vision_info of other@0' in robot.message('policy')
        assert not seen.obeyed(seen.show(10)), name
        # a readable one makes it obey again
        infos.publish(table(['stop', 'no_sign']))
        robot.wait(lambda: robot.levels.get('/policy') != ERROR, 'model that fits')
        assert seen.obeyed(seen.show(10))
    assert process.poll() is None


def test_policy_desired_command_has_the_images_header(robot):
    from digiphys_ros.ros.messages.images import classification_message
    from geometry_msgs.msg import TwistStamped
    from std_msgs.msg import Header
    from vision_msgs.msg import Classification
    announce_model(robot)
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
    """The test's own classifier, which sees one stop sign after another."""

    def __init__(self, robot):
        from geometry_msgs.msg import TwistStamped
        from vision_msgs.msg import Classification
        self._robot = robot
        self.desired = robot.listen(TwistStamped, 'desired/base')
        self._publisher = robot.speak(Classification, 'classification')

    def show(self, count, *results):
        """Publish results until the policy has counted some; return the stamps of their images."""
        from digiphys_ros.ros.messages.images import classification_message
        from std_msgs.msg import Header
        before, stamps = int(self._robot.value('policy', 'classifications') or 0), []

        def received():
            stamps.append(self._robot.now())
            self._publisher.publish(classification_message(
                results or [('stop', 0.99)], Header(stamp=stamps[-1])))
            return int(self._robot.value('policy', 'classifications') or 0) >= before + count
        self._robot.poll(received, f'{count} classifications')
        return stamps

    def obeyed(self, stamps):
        """Return the desired commands that came from images with these stamps."""
        return [one for one in self.desired if one.header.stamp in stamps]


@pytest.mark.parametrize('start', ['before', 'after'])
def test_policy_model_for_advice_commands_nothing(robot, start):
    if start == 'before':
        announce_model(robot, use='advice')
    robot.start('policy')
    robot.is_active('policy')
    if start == 'after':
        # a second model for control changes nothing
        announce_model(robot)
        announce_model(robot, use='advice')
    sentence = 'test@0 is for advice to a person: no rule and no actuator may use it'
    robot.wait(lambda: sentence in robot.message('policy'), 'refusal')
    if start == 'after':
        announce_model(robot)
    seen = Seen(robot)
    seen.show(10)
    assert not seen.desired
    assert sentence in robot.message('policy')


def test_policy_before_vision_info_commands_nothing(robot):
    robot.start('policy')
    robot.is_active('policy')
    seen = Seen(robot)
    seen.show(10)
    assert not seen.desired
    assert 'waits for vision_info' in robot.message('policy')
    announce_model(robot)
    seen.show(10)
    assert seen.desired


IMPOSSIBLE = [
    ('no_sign', 1.5), ('no_sign', -0.5), ('no_sign', float('nan')), ('', 0.9), ('abstain', 0.9)]


def test_policy_invalid_classification_is_counted_and_commands_nothing(robot):
    announce_model(robot)
    robot.start('policy')
    robot.is_active('policy')
    seen = Seen(robot)
    for result in IMPOSSIBLE:
        refused = int(robot.value('policy', 'refused') or 0)
        assert not seen.obeyed(seen.show(10, ('stop', 0.9), result)), result
        robot.wait(lambda: int(robot.value('policy', 'refused')) >= refused + 10,  # noqa: B023
                   'count')
        assert 'refused: ' in robot.message('policy')
        assert seen.obeyed(seen.show(10))


def test_policy_no_class_commands_the_safe_state_and_warns(robot):
    announce_model(robot)
    robot.start('policy')
    robot.is_active('policy')
    seen = Seen(robot)

    def stands():
        seen.show(1, ('a class nobody knows', 0.9))
        return seen.desired and not seen.desired[-1].twist.linear.x
    # after votes.max_unsure_s
    robot.poll(stands, 'safe state')
    robot.wait(lambda: 'no class recognised' in robot.message('policy'), 'warning')
    assert 'no rule names "a class nobody knows"; the safe state' in robot.message('policy')


def test_policy_hold_while_the_classifier_abstains_warns_with_the_reason(robot, tmp_path):
    from std_msgs.msg import Header
    from vision_msgs.msg import Classification
    rules = tmp_path / 'rules.yaml'
    rules.write_text(RULES.replace('command: {base: {linear.x: 0.5}}',
                                   'min_hold_s: 60.0, command: {base: {linear.x: 0.5}}').replace(
                                       'green light', 'no_sign'))
    announce_model(robot)
    robot.start('policy', rules=str(rules))
    robot.is_active('policy')
    seen = Seen(robot)
    seen.show(5, ('no_sign', 0.9))
    robot.wait(lambda: robot.message('policy') == 'go', 'rule')
    abstains = robot.speak(Classification, 'classification')

    def warned():
        abstains.publish(Classification(header=Header(stamp=robot.now())))
        return 'no class recognised: the classifier abstains' in robot.message('policy')
    robot.poll(warned, 'warning')
    assert 'rule go stays active' in robot.message('policy')
    assert robot.levels['/policy'] == b'\x01'
    assert seen.desired[-1].twist.linear.x == 0.5


def test_policy_images_older_than_max_age_s_are_reported(robot):
    from digiphys_ros.ros.messages.images import classification_message
    from rclpy.duration import Duration
    from rclpy.time import Time
    from std_msgs.msg import Header
    from vision_msgs.msg import Classification
    announce_model(robot)
    robot.start('policy')
    robot.is_active('policy')
    late = robot.speak(Classification, 'classification')

    def warned():
        stamp = (Time.from_msg(robot.now()) - Duration(seconds=4.0)).to_msg()
        late.publish(classification_message([('stop', 0.99)], Header(stamp=stamp)))
        return 's old when they arrive; the safe state' in robot.message('policy')
    robot.poll(warned, 'warning')


@pytest.mark.parametrize('stops', [False, True])
def test_policy_second_publisher_on_classification_is_reported(robot, stops):
    from vision_msgs.msg import Classification
    announce_model(robot)
    robot.start('policy', stop_on_duplicate_publishers=stops)
    robot.is_active('policy')
    seen = Seen(robot)
    second = robot.node.create_publisher(Classification, 'classification', 10)
    robot.wait(lambda: '2 publishers on /classification' in robot.message('policy'), 'warning')
    del seen.desired[:]
    seen.show(10)
    assert bool(seen.desired) != stops

    def both_named():
        seen.show(1, ('a class nobody knows', 0.9))
        return stops or 'no class recognised' in robot.message('policy')
    robot.poll(both_named, 'both warnings')
    assert '2 publishers on /classification' in robot.message('policy')
    robot.node.destroy_publisher(second)
    robot.wait(lambda: 'publishers on' not in robot.message('policy'), 'one publisher')
    seen.show(10)
    assert seen.desired


def test_policy_rules_that_move_without_a_class_are_logged(robot, tmp_path):
    rules = tmp_path / 'rules.yaml'
    rules.write_text(RULES.replace('max_age_s: 2.0', 'max_age_s: 2.0, max_unsure_s: 1000.0'))
    robot.start('policy', rules=str(rules))
    robot.is_active('policy')
    assert 'rule `otherwise` may move base for 1000 s' in robot.log('policy')
