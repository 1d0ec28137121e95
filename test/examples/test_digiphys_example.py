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

"""The engine and the actuator kind of the example package, installed by pip."""

import os
import subprocess
import sys

from digiphys_ros.resources import share_dir
import pytest

RULES = """
actuators:
  base:
    kind: wheel_speeds
    topic: wheel_controller/commands
    options: {radius_m: 0.1, track_m: 0.4}
    fields:
      speed_mps: {min: 0.0, max: 0.5, safe: 0.0, max_rate_per_s: 1.0, max_decel_per_s: 2.0}
      turn_radps: {min: -1.0, max: 1.0, safe: 0.0, max_rate_per_s: 2.0, max_decel_per_s: 4.0}
rules:
  - {name: unsure, when: [abstain], command: {}}
  - {name: rest, default: true, command: {}}
"""


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True,
                          text=True, timeout=120, cwd=share_dir())


@pytest.fixture(scope='module')
def onnx_bundle(tmp_path_factory):
    """Return a bundle with an ONNX file."""
    from digiphys_ros.bundles import load_bundle, write_bundle
    from digiphys_ros.learning.export.onnx import write_onnx
    import keras
    folder = tmp_path_factory.mktemp('onnx')
    bundle = load_bundle(share_dir() / 'models' / 'intersection')
    model = keras.models.load_model(bundle.file('keras'), compile=False)
    frames, logits = bundle.golden()
    return write_bundle(folder / 'intersection', bundle.manifest, files={
        'onnx': write_onnx(model, folder)}, frames=frames, logits=logits, card='').directory


CLASSIFY = """
import sys
from digiphys_ros.bundles import load_bundle
from digiphys_ros.perception import check_golden, Classifier, create_engine, Frame
bundle = load_bundle(sys.argv[1])
classes = []
for name in ('onnx', 'opencv'):
    engine, why = create_engine(bundle, name)
    check_golden(bundle, engine)
    classifier = Classifier(bundle, engine)
    classes.append([classifier(Frame(one, bundle.spec.color)).probabilities.argmax()
                    for one in bundle.golden()[0]])
    print(why)
assert classes[0] == classes[1], classes
"""


def test_engine_of_example_gives_classes_of_built_in_engine(environment, onnx_bundle):
    done = run(environment, '-c', CLASSIFY, str(onnx_bundle))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ['engine onnx on CPU: requested',
                                        'engine opencv: requested']


def test_create_engine_unknown_name_lists_all_engines(environment):
    script = CLASSIFY.replace("('onnx', 'opencv')", "('openvc',)")
    done = run(environment, '-c', script, str(share_dir() / 'models' / 'cifar10'))
    assert 'allowed are auto, litert, tensorflow, onnx, opencv.' in done.stderr


@pytest.mark.parametrize(('given', 'reason'), [
    ('{radius_m: 0.1, track_m: 0.4}', ''),
    ('{radius_m: 0.1}', 'actuators.base.options.track_m'),
    ('{radius_m: -1.0, track_m: 0.4}', 'greater than 0'),
    ('{radius_m: 0.1, track_m: 0.4, wheels: 2}', 'there is no such field'),
])
def test_actuator_options_in_rules_file_are_checked_by_model_of_kind(
        environment, tmp_path, given, reason):
    rules = tmp_path / 'rules.yaml'
    rules.write_text(RULES.replace('{radius_m: 0.1, track_m: 0.4}', given))
    done = run(environment, '-m', 'digiphys_ros.control.config', str(rules))
    assert reason in done.stderr
    assert bool(done.returncode) == bool(reason), done.stderr
    assert reason or '"options": {"radius_m": 0.1, "track_m": 0.4}' in done.stdout


def test_rules_file_without_example_names_unknown_kind(tmp_path):
    rules = tmp_path / 'rules.yaml'
    rules.write_text(RULES)
    done = run({**os.environ}, '-m', 'digiphys_ros.control.config', str(rules))
    assert done.returncode
    assert 'actuator kind "wheel_speeds" is unknown, allowed are twist_stamped' in done.stderr


@pytest.mark.ros
def test_gate_with_actuator_kind_of_example_sends_wheel_speeds(environment, robot, tmp_path):
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from sensor_msgs.msg import JointState
    from std_msgs.msg import Bool, Float64MultiArray
    rules = tmp_path / 'rules.yaml'
    rules.write_text(RULES)
    robot.environment['PYTHONPATH'] = environment['PYTHONPATH']
    gate = robot.start('gate', rules=str(rules), lease_s=1.0)
    commands = robot.listen(Float64MultiArray, 'wheel_controller/commands')
    desired = robot.speak(JointState, 'desired/base')
    robot.speak(Bool, 'estop', QoSProfile(
        depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)).publish(Bool(data=False))

    def is_driven(left_radps, right_radps):
        message = JointState(name=['speed_mps', 'turn_radps'], position=[0.3, 0.5])
        message.header.stamp = robot.now()
        desired.publish(message)
        return bool(commands) and list(commands[-1].data) == pytest.approx(
            [left_radps, right_radps])
    robot.wait(lambda: commands, 'safe state')
    assert list(commands[0].data) == [0.0, 0.0]
    robot.poll(lambda: is_driven(2.0, 4.0), 'the requested wheel speeds')
    # the guard sends the safe state of the same kind
    gate.kill()
    robot.wait(lambda: list(commands[-1].data) == [0.0, 0.0], 'safe state of the guard')
