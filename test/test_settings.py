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

"""Each setting is declared once: nodes, simulator and demo follow one declaration."""

import ast
from dataclasses import dataclass, FrozenInstanceError

from digiphys_ros.applications import find_application
from digiphys_ros.control import load_actuators
from digiphys_ros.control.monitor import unsafe_commands
from digiphys_ros.control.settings import GateSettings
from digiphys_ros.demo.report import Setting
from digiphys_ros.errors import ConfigError
from digiphys_ros.perception.camera_checks import Limits
from digiphys_ros.perception.sources.settings import CameraSettings
from digiphys_ros.pipeline.settings import ClassifierSettings, load_settings, PipelineSettings
from digiphys_ros.resources import find_resource, share_dir
from digiphys_ros.ros.parameters.configuration import declared, NODES, settings_of
from digiphys_ros.settings import (
    BUNDLE,
    change_settings,
    group,
    NodeSettings,
    Parameter,
    parameters_of,
    read_settings,
    RULES,
    setting,
)
from digiphys_ros.simulation.pipeline import make_pipeline
import pytest

PACKAGE = share_dir() / 'digiphys_ros'
CONFIG = share_dir() / 'config'


@dataclass(frozen=True)
class Inner:
    deep: int = setting(3, 'A number.', 0, 9, runtime=True)


@dataclass(frozen=True)
class Outer(NodeSettings):
    word: str = setting('a', 'A word.', choices=('a', 'b'))
    inner: Inner = group(Inner)
    pair: tuple[float, float] = setting((0.0, 1.0), 'Two numbers.', 0.0, 1.0)


def test_parameters_of_returns_the_fields_in_order():
    assert [one.name for one in parameters_of(Outer)] == [
        'autostart', 'cpus', 'nice', 'word', 'deep', 'pair']
    assert parameters_of(Outer)[-1].default == [0.0, 1.0]
    assert parameters_of(Outer)[-2] == Parameter('deep', 3, 'A number.', 0, 9, runtime=True)


def test_settings_are_checked_typed_and_frozen():
    found = read_settings(Outer, {'word': 'b', 'deep': 4, 'pair': [0, 0.5], 'unknown': 1})
    assert found == Outer(word='b', inner=Inner(4), pair=(0.0, 0.5))
    assert change_settings(found, {'deep': 5}).inner.deep == 5
    assert found.inner.deep == 4
    with pytest.raises(FrozenInstanceError):
        found.word = 'a'
    for values in ({'word': 'c'}, {'deep': 10}, {'deep': 'many'}, {'pair': [0.5]}):
        with pytest.raises(ConfigError, match=f'parameter `{next(iter(values))}`'):
            read_settings(Outer, values)


@pytest.fixture
def folder(tmp_path):
    """Return copies of the traffic_signs files with another lease, brightness and rate."""
    rules = (CONFIG / 'traffic_signs_rules.yaml').read_text()
    assert 'max_rate_per_s: 2.0' in rules
    (tmp_path / 'rules.yaml').write_text(rules.replace(
        'max_rate_per_s: 2.0', 'max_rate_per_s: 0.125'))
    (tmp_path / 'mine.yaml').write_text(f"""
/**/classifier: {{ros__parameters: {{bundle: traffic_signs, min_brightness: 77.0}}}}
/**/policy: {{ros__parameters: {{rules: {tmp_path}/rules.yaml}}}}
/**/gate: {{ros__parameters: {{rules: {tmp_path}/rules.yaml, lease_s: 0.25, rate_hz: 20.0}}}}
""")
    return tmp_path


def test_one_parameters_file_sets_nodes_simulator_and_demo(folder):
    config = folder / 'mine.yaml'
    settings = load_settings(config)
    assert settings.gate == GateSettings(
        rules=f'{folder}/rules.yaml', lease_s=0.25, rate_hz=20.0)
    assert settings.classifier.limits == Limits(min_brightness=77.0)
    # the nodes read the same classes
    assert settings_of('gate') is GateSettings
    assert settings_of('classifier') is ClassifierSettings
    simulated = make_pipeline(find_application('traffic_signs'), config=config,
                              camera=False)
    assert simulated.settings == settings
    demo = Setting.load(config, find_resource('traffic_signs', 'models'))
    assert demo.settings == settings
    # the rate limit of the rules file: the gate's, the simulator's and the demo's
    rate = 0.125
    node = load_actuators(folder / 'rules.yaml', None)['base']
    for actuator in (node, simulated.control.actuator('base'), demo.actuator):
        assert actuator.fields['linear.x'].max_rate_per_s == rate
    gate, sent = simulated.gates['base'], []
    commands = simulated.control.command(simulated.control.rule_for('no_sign'))
    from digiphys_ros.control import DesiredCommand
    for index in range(40):
        now_s = index * settings.gate.period_s
        if index < 20:
            gate.submit(DesiredCommand(commands['base'], now_s), now_s)
        sent.append((now_s, gate.step(now_s).values))
    assert sent[10][1]['linear.x'] == pytest.approx(rate * 0.5, abs=0.01)
    # 0.95 s is the last image: it stops within the lease
    assert sent[24][1]['linear.x'] == 0.0 or sent[25][1]['linear.x'] == 0.0
    captured = [now_s for now_s, _ in sent[:20]]
    judge = (demo.actuator, sent, captured)
    assert not unsafe_commands(*judge, settings.gate.lease_s, settings.gate.period_s)
    assert unsafe_commands(*judge, 0.05, settings.gate.period_s)


def test_defaults_of_a_pipeline_are_those_of_the_nodes():
    defaults = {node: {one.name: one.default for one in declared(node)} for node in NODES}
    own = PipelineSettings()
    assert defaults['gate']['lease_s'] == own.gate.lease_s
    assert defaults['classifier']['min_brightness'] == own.classifier.limits.min_brightness
    assert Limits() == own.classifier.limits


def test_load_settings_section_that_does_not_apply_is_refused(tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text('/robot1/gate:\n  ros__parameters:\n    lease_s: 0.2\n')
    with pytest.raises(ConfigError, match=r'mine.yaml:1.*write /\*\*/gate'):
        load_settings(path)


def test_load_settings_value_out_of_range_names_file_line_and_field(tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text('/**/gate:\n  ros__parameters:\n    lease_s: 99.0\n')
    with pytest.raises(ConfigError, match=r'mine.yaml:3.*lease_s.*0.01 to 5.0'):
        load_settings(path)


# Names that mean something else elsewhere: `rate_hz` of an image source, `guard` of a test.
COMMON = {'rules', 'rate_hz', 'guard', 'realtime', 'autostart', 'cpus', 'nice', 'max_dead'}


def test_no_literal_copy_of_a_default_is_left():
    names = {one.name for kind in (GateSettings, Limits) for one in parameters_of(kind)} - COMMON
    found = [f'{path.relative_to(PACKAGE)}:{line}: {name}'
             for path, tree in _sources()
             for name, value, line in _constants_given(tree)
             if (name in {*names, 'top_k'} and not isinstance(value, str))
             or value in (BUNDLE, RULES)
             or (name.startswith('or ') and name[3:] in NUMBERS)]
    assert found == [
        'applications/__init__.py:26: default',  # the application, not its model
        'bench/stopping.py:35: lease_s',  # an experiment with its own lease
        'simulation/pipeline.py:154: top_k']  # it needs the best class alone


def test_rate_of_a_camera_is_declared_once_in_each_application():
    rates = [(path.parent.name, value) for path, tree in _sources()
             if path.is_relative_to(PACKAGE / 'applications')
             for name, value, _ in _constants_given(tree) if name == 'rate_hz']
    assert len(rates) > 3
    assert len(rates) == len(set(rates)), sorted(rates)


NUMBERS = {one.name for kind in (ClassifierSettings, CameraSettings, GateSettings)
           for one in parameters_of(kind) if isinstance(one.default, float)}


def _sources():
    return [(path, ast.parse(path.read_text())) for path in sorted(PACKAGE.rglob('*.py'))
            if path.name not in ('settings.py', 'limits.py', 'fixes.py')]


def _constants_given(tree):
    """Yield name in lower case, value and line of each constant that a name or `or` is given."""
    for name, node in _values_given(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float, str):
            yield name, node.value, node.lineno


def _values_given(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=False)
                else:
                    pairs = [(target, node.value)]
                yield from ((one.id.lower(), value) for one, value in pairs
                            if isinstance(one, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.value
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg, node.value
        elif isinstance(node, ast.BoolOp) and isinstance(node.values[0], ast.Attribute):
            yield f'or {node.values[0].attr}', node.values[-1]
        elif isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args]
            given = [*zip(arguments[-len(node.args.defaults):], node.args.defaults, strict=False),
                     *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
            yield from ((one.arg, value) for one, value in given)


def test_nodes_are_thin_and_use_typed_settings():
    for path in sorted((PACKAGE / 'nodes').glob('*.py')):
        assert len(path.read_text().splitlines()) < 150, path
    for path in sorted(PACKAGE.rglob('*.py')):
        text = path.read_text()
        folder = path.relative_to(PACKAGE).parts[0]
        assert folder == 'cli' or 'argparse.Namespace' not in text, path
        assert path.name == 'frame.py' or 'SimpleNamespace' not in text, path
