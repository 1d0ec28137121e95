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
"""The public Python API works without ROS."""

import inspect
import subprocess
import sys

import cv2
import digiphys_ros as dp
from digiphys_ros.applications.traffic_signs.drawn_course import sample_crop
from digiphys_ros.errors import ConfigError, FrameError, SourceError, UsageError
from digiphys_ros.renamed import RenamedWarning
import numpy as np
import pytest

FUNCTIONS = ('evaluate', 'load', 'load_rules', 'train')


def sign():
    return sample_crop(np.random.default_rng(1), 'stop', 96)


def test_api_lists_every_public_name():
    assert set(dp.__all__) <= set(dir(dp))
    for name in dp.__all__:
        assert getattr(dp, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        dp.nothing  # noqa: B018


@pytest.mark.parametrize('name', FUNCTIONS)
def test_api_docstring_has_every_argument_and_an_example(name):
    function = getattr(dp, name)
    text = inspect.getdoc(function)
    for section in ('Args:', 'Returns:', 'Raises:', 'Example:'):
        assert section in text
    for argument in inspect.signature(function).parameters:
        assert f'\n    {argument}: ' in text


def test_api_import_loads_no_heavy_package():
    code = ('import sys, digiphys_ros; heavy = {"numpy", "cv2", "pydantic", "rclpy", '
            '"tensorflow", "importlib.metadata"}; print(sorted(heavy & set(sys.modules)))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    without = subprocess.run([sys.executable, '-c', code.replace(', digiphys_ros', '')],
                             capture_output=True, text=True, check=True)
    assert done.stdout == without.stdout


def test_load_classifies_an_array_and_a_file_alike(tmp_path):
    model = dp.load('traffic_signs')
    image = sign()
    result = model(image)
    assert result.label == 'stop' and result.score > 0.6 and not result.abstained
    cv2.imwrite(str(tmp_path / 'stop.png'), image[..., ::-1])
    assert model(str(tmp_path / 'stop.png')).scores == result.scores
    assert 'traffic_signs' in repr(model)


@pytest.mark.parametrize(('image', 'received'), [
    (np.zeros((8, 8, 3), np.float32), r'\(8, 8, 3\) float32'),
    (np.zeros((8, 8, 4), np.uint8), r'\(8, 8, 4\) uint8'),
    (np.zeros((0, 8), np.uint8), r'\(0, 8\) uint8'),
    ([[1, 2]], 'list')])
def test_model_invalid_image_is_refused(image, received):
    with pytest.raises(FrameError, match=received):
        dp.load('traffic_signs')(image)


def test_model_file_without_image_is_named(tmp_path):
    (tmp_path / 'a.png').write_text('text')
    model = dp.load('traffic_signs')
    with pytest.raises(SourceError, match=r'a\.png'):
        model(tmp_path / 'a.png')
    with pytest.raises(SourceError, match=r'b\.png: cannot be read'):
        model(tmp_path / 'b.png')


def test_load_missing_bundle_is_named():
    with pytest.raises(ConfigError, match='nowhere'):
        dp.load('nowhere')
    with pytest.raises(ConfigError, match='did you mean traffic_signs'):
        dp.load('trafic_signs')


@pytest.mark.parametrize('function', [
    dp.load, dp.load_rules, lambda name: dp.evaluate(name, 'd'),
    lambda name: dp.train(name, 'd', 'out')])
@pytest.mark.parametrize(('name', 'sentence'), [
    (None, 'a path or the name of a shipped one, received None'),
    (3, 'a path or the name of a shipped one, received 3'),
    ('', "a path or the name of a shipped one, received ''")])
def test_functions_refuse_an_invalid_name(function, name, sentence):
    with pytest.raises(ConfigError, match=sentence):
        function(name)


@pytest.mark.parametrize(('options', 'sentence'), [
    ({'threads': -1}, 'threads must be .*, received -1'),
    ({'threads': 1.5}, r'threads must be .*, received 1\.5'),
    ({'top_k': 0}, 'top_k must be .*, received 0'),
    ({'top_k': -1}, 'top_k must be .*, received -1')])
def test_load_invalid_option_is_named(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        dp.load('sorting_line', **options)


@pytest.mark.parametrize(('make', 'sentence'), [
    (lambda: dp.load_rules().actuator('bse'), r'no actuator "bse" \(did you mean base\?\)'),
    (lambda: dp.Policy(None), 'a policy needs rules, .*received NoneType'),
    (lambda: dp.Gate(None, 0.5), 'a gate needs an actuator, .*received NoneType'),
    *((lambda lease_s=lease_s: dp.Gate(dp.load_rules().actuator('base'), lease_s),
       'lease_s must be a positive number') for lease_s in (-1, None, 'x')),
    (lambda: dp.Gate(dp.load_rules().actuator('base'), 0.5, settle_s=-1), 'settle_s must be')])
def test_rules_and_gate_refuse_invalid_input(make, sentence):
    with pytest.raises(ConfigError, match=sentence):
        make()


@pytest.mark.parametrize('function', [
    lambda data: dp.evaluate('sorting_line', data),
    lambda data: dp.train('traffic_signs', data, 'out')])
def test_missing_data_is_a_usage_error(function, tmp_path):
    with pytest.raises(UsageError, match='no such file or folder'):
        function(tmp_path / 'nowhere')


def test_warning_of_an_old_name_points_to_the_callers_code():
    with pytest.warns(RenamedWarning, match='traffic_rules') as caught:
        dp.load_rules('traffic_rules')
    assert {one.filename for one in caught} == {__file__}


def test_train_and_evaluate_work_from_python(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 90, (40, 16, 16, 3)).astype(np.uint8)
    images[1::2] += 150
    np.savez(tmp_path / 'd.npz', x=images, y=np.arange(40) % 2)
    (tmp_path / 'r.yaml').write_text(
        'name: t\nnetwork: {name: perceptron}\nepochs: 2\nbatch: 8\n'
        'preprocess: {width: 8, height: 8}\n')
    bundle = dp.train(tmp_path / 'r.yaml', tmp_path / 'd.npz', tmp_path / 'b', val_fraction=0.25,
                      seed=3)
    assert bundle.manifest.provenance['validation'] == {'fraction': 0.25, 'seed': 3}
    report = dp.evaluate(tmp_path / 'b', tmp_path / 'd.npz', engine='litert')
    assert report['images'] == 40
    low, high = report['accuracy_95']
    assert 0 <= low <= report['accuracy'] <= high <= 1


def test_policy_and_gate_stop_for_a_stop_sign():
    rules = dp.load_rules('traffic_signs_rules')
    policy, gate = dp.Policy(rules), dp.Gate(rules.actuator('base'), lease_s=0.5)
    gate.activate()
    for index in range(20):
        now_s = 10 + index * 0.05
        decision = policy.update(dp.Observation('stop', 0.99, now_s))
        for command in decision.commands.values():
            gate.submit(command, now_s)
        output = gate.step(now_s)
    assert decision.rule == 'halt'
    assert output.values == {'linear.x': 0.0, 'angular.z': 0.0}
