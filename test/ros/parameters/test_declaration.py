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

import math
import sys

from digiphys_ros.cli.main import build_parser, main
from digiphys_ros.cli.run import _commands
from digiphys_ros.errors import ConfigError
from digiphys_ros.pipeline.settings import ClassifierSettings, load_settings
from digiphys_ros.renamed import PARAMETERS, RenamedWarning
from digiphys_ros.resources import share_dir
from digiphys_ros.ros.parameters.configuration import command, declared, load_configuration, NODES
from digiphys_ros.ros.parameters.declaration import ParameterSet
from digiphys_ros.settings import Parameter
import pytest
import yaml

pytestmark = [pytest.mark.ros, pytest.mark.parallel]


def test_parameters_yaml_has_every_parameter_with_its_default():
    mirror = yaml.safe_load((share_dir() / 'config' / 'parameters.yaml').read_text())
    assert mirror == {
        f'/**/{node}': {'ros__parameters': {one.name: one.default for one in declared(node)}}
        for node in NODES}


def allowed(parameter):
    return ', '.join(parameter.choices) or (
        '' if parameter.low is None else f'{parameter.low:g} to {parameter.high:g}')


def table_row(node, parameter):
    default = parameter.default
    if isinstance(default, (bool, str)):
        default = str(default).lower() or "''"
    runtime = 'yes' if parameter.runtime else ''
    return f'| {node} | `{parameter.name}` | `{default}` | {allowed(parameter)} | {runtime} ' \
        f'| {parameter.description} |'


def test_docs_table_has_every_parameter_as_declared():
    text = (share_dir() / 'docs' / 'reference' / 'parameters.md').read_text()
    table = text.partition('|---|---|---|---|---|---|\n')[2].partition('\n<!-- end')[0]
    assert table.strip().splitlines() == [
        table_row(node, parameter) for node in NODES for parameter in declared(node)]


def test_parameters_yaml_describes_every_parameter_as_declared():
    comments, words = [], []
    for line in (share_dir() / 'config' / 'parameters.yaml').read_text().splitlines():
        if line.startswith('    # '):
            words += line.split()[1:]
        elif line.startswith('    '):
            comments.append((line.split(':')[0].strip(), ' '.join(words)))
            words = []
    assert comments == [(one.name, yaml_comment(one)) for node in NODES for one in declared(node)]


def yaml_comment(parameter):
    form = ' One of: {}.' if parameter.choices else ' [{}]'
    return parameter.description + (
        form.format(allowed(parameter)) if allowed(parameter) else '') + (
            ' (at run time)' if parameter.runtime else '')


def test_parameter_has_a_description_and_an_allowed_default():
    for node in NODES:
        for parameter in declared(node):
            assert parameter.description.endswith('.')
            assert parameter.check(parameter.default) == parameter.default


@pytest.mark.parametrize(('name', 'nodes'), [
    ('traffic_signs.yaml', ('camera', 'classifier', 'policy', 'gate')),
    ('triage.yaml', ('sim', 'classifier', 'triage')),
    ('parameters.yaml', NODES),
])
def test_load_configuration_shipped_files_pass(name, nodes):
    found = load_configuration(share_dir() / 'config' / name)
    assert (found.nodes, found.notes) == (nodes, ())


@pytest.mark.parametrize(('text', 'line', 'words'), [
    ('/**/gate:\n  ros__parameters:\n    leese_s: 0.5\n', 3, ['leese_s']),
    ('/**/gate:\n  ros__parameters:\n    lease_s: soon\n', 3, ['lease_s', "'soon'", 'number']),
    ('/**/gate:\n  ros__parameters:\n    lease_s: 99\n', 3, ['lease_s', '99', '0.01 to 5.0']),
    ('/**/classifier:\n  ros__parameters:\n    engine: gpu\n', 3, ['engine', 'auto, litert']),
    ('/**/gate:\n  lease_s: 0.5\n', 2, ['lease_s']),
])
def test_load_configuration_invalid_file_names_line_and_field(tmp_path, text, line, words):
    path = tmp_path / 'wrong.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_configuration(path)
    assert f'{path}:{line}: field' in str(refused.value)
    for word in words:
        assert word in str(refused.value)


def check(folder, text, namespace=''):
    path = folder / 'a.yaml'
    path.write_text(text)
    base = share_dir() / 'config/traffic_signs.yaml'
    return load_configuration(path, namespace, base=base).nodes


GATE = '{}:\n  ros__parameters: {{lease_s: 0.4}}\n'
NAMESPACED = pytest.mark.field('ros2/ros2 #569', 'a section is for another namespace')


@pytest.mark.parametrize(('text', 'namespace', 'words'), [
    pytest.param('/**/gait:\n  ros__parameters: {}\n', '', ['none of the nodes', 'mean gate'],
                 marks=pytest.mark.field('manankharwar/fusioncore #134',
                                         'a section is for another node name')),
    pytest.param(GATE.format('/robot1/gate'), '', ['node /gate', 'write /**/gate'],
                 marks=NAMESPACED),
    pytest.param(GATE.format('gate'), 'robot1', ['node /robot1/gate'], marks=NAMESPACED),
    pytest.param(GATE.format('/*/gate'), 'a/b', ['node /a/b/gate'], marks=NAMESPACED),
    (GATE.format('/**/gate').replace('lease', 'leese'), '', ['leese_s', 'mean lease_s']),
    ('/**:\n  ros__parameters: {lease: 1.0}\n' + GATE.format('/**/gate'), '', ['mean lease_s']),
    ('/**/gate: {}\n', '', ['/**/gate', 'ros__parameters']),
    ('ros__parameters: {lease_s: 0.4}\n', '', ['/**/gate']),
    (GATE.format('/**/gate').replace('0.4', ''), '', ['has no value']),
])
def test_load_configuration_names_content_that_ros_would_ignore(tmp_path, text, namespace, words):
    with pytest.raises(ConfigError) as refused:
        check(tmp_path, text, namespace)
    for word in [f'{tmp_path}/a.yaml:', *words]:
        assert word in str(refused.value)


@pytest.mark.parametrize(('text', 'words'), [
    pytest.param('/**/classifier:\n  ros__parameters:\n    roi: [0, 0.2, 1, 1.0]\n',
                 [':3:', 'roi', 'decimal point'],
                 marks=pytest.mark.field('ros2/rcl #463', 'a list mixes types of numbers')),
    pytest.param('/**/gate: &g\n  ros__parameters: {lease_s: 0.4}\n/**/policy: *g\n',
                 [':3:', 'no aliases', '*g'],
                 marks=pytest.mark.field('ros2/rcl #563', 'YAML has anchors and aliases')),
    ('/**/gate:\n  ros__parameters:\n    lease_s: !!float 0.4\n', [':3:', '!!float']),
    ('/my-robot/gate:\n  ros__parameters: {lease_s: 0.4}\n', ['/gate']),
])
def test_load_configuration_names_content_that_rcl_cannot_read(tmp_path, text, words):
    with pytest.raises(ConfigError) as refused:
        check(tmp_path, text)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(('text', 'namespace'), [
    pytest.param('/**:\n  gate:\n    ros__parameters: {lease_s: 0.4}\n', 'a/b',
                 marks=pytest.mark.field('ros2/rclcpp #2166', 'nodes are nested in a namespace')),
    ('robot1:\n  gate:\n    ros__parameters: {lease_s: 0.4}\n', 'robot1'),
    (GATE.format('/**/gate'), ''), (GATE.format('/**/gate'), 'a/b'), (GATE.format('gate'), ''),
    (GATE.format('/*/gate'), 'robot1'), (GATE.format('/robot1/gate'), '/robot1'),
    ('/**:\n  ros__parameters: {use_sim_time: true}\n' + GATE.format('/**/gate'), ''),
])
def test_load_configuration_applies_sections_as_ros_does(tmp_path, text, namespace, context):
    assert check(tmp_path, text, namespace) == ('gate',)
    from digiphys_ros.ros.transport.middleware import start_middleware
    start_middleware(['--ros-args', '--params-file', str(tmp_path / 'a.yaml')], context)
    from rclpy.node import Node
    node = Node('gate', namespace=namespace, context=context, enable_rosout=False,
                start_parameter_services=False)
    given = node._parameter_overrides
    node.destroy_node()
    assert given['lease_s'].value == 0.4


@pytest.fixture
def context(domain_id, monkeypatch):
    from rclpy.context import Context
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain_id))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'OFF')
    one = Context()
    yield one
    one.try_shutdown()


def test_load_configuration_sections_of_other_robots_are_noted(tmp_path):
    text = GATE.format('/robot1/gate') + GATE.format('/robot2/gate')
    assert check(tmp_path, text, 'robot1') == ('gate',)
    [sentence] = load_configuration(tmp_path / 'a.yaml', 'robot1').notes
    assert 'applies to no node that is started here: `/robot2/gate`' in sentence


@pytest.mark.field('Adjuvo/senseglove_ros #7', 'a namespace with a dot ends the node')
@pytest.mark.parametrize('namespace', ['my-robot', 'a/0.0', '1robot', 'a//b', 'a b', 'é'])
def test_load_configuration_names_an_invalid_namespace(namespace):
    with pytest.raises(ConfigError, match='separated by one /, as fleet/robot1'):
        load_configuration(share_dir() / 'config/traffic_signs.yaml', namespace)


@pytest.mark.field('ros2/rclpy #1672', 'a number is written as 5e-06')
def test_load_configuration_reads_exponents_as_ros_does(tmp_path):
    assert check(tmp_path, GATE.format('/**/gate').replace('0.4', '4e-1')) == ('gate',)


def test_parameter_integer_for_text_is_accepted():
    assert Parameter('source', 'course', 'A source.').check(2024) == '2024'
    with pytest.raises(ConfigError, match='a str is needed'):
        Parameter('source', 'course', 'A source.').check(1.5)


@pytest.mark.parametrize('value', ['1', True, math.nan, math.inf, 2.5, None, [1.0]])
def test_parameter_number_out_of_range_or_of_wrong_type_is_refused(value):
    with pytest.raises(ConfigError, match='parameter `share`'):
        Parameter('share', 0.5, 'A share.', 0.0, 1.0).check(value)


@pytest.mark.field('ros2/rclcpp #979', 'a whole number is given where a decimal one is needed')
def test_parameter_integer_for_a_float_is_accepted():
    assert Parameter('share', 0.5, 'A share.', 0.0, 1.0).check(1) == 1.0


def test_command_quotes_texts_that_yaml_would_misread():
    words = command('camera', namespace='/a', parameters={'source': "it's", 'loop': True})
    assert words[-5:] == ['__ns:=/a', '-p', "source:='it''s'", '-p', 'loop:=true']


# A node that is started alone.

def alone(robot, node, *words):
    """Start a node as `ros2 run` does."""
    robot.run(node, [sys.executable, '-m', 'digiphys_ros.nodes', node, '--ros-args', *words])
    robot.wait(lambda: robot.value(node, 'phase') == 'active', f'active {node}')


@pytest.mark.field(
    'aliasrobotics/RVD #598', 'a wrong name in a parameters file is a parameter that nobody reads')
@pytest.mark.parametrize('by_file', [False, True])
def test_node_misspelt_parameter_is_named_once_in_log_and_diagnostics(robot, tmp_path, by_file):
    words = ['-p', 'leese_s:=0.4']
    if by_file:
        path = tmp_path / 'mine.yaml'
        path.write_text('/**:\n  ros__parameters:\n    leese_s: 0.4\n    top_k: 2\n')
        words = ['--params-file', str(path)]
    alone(robot, 'gate', *words)
    sentence = 'there is no parameter `leese_s` (did you mean lease_s?)'
    assert sentence in robot.message('gate')
    assert robot.levels['/gate'] >= b'\1'
    assert robot.log('gate').count(sentence) == 1
    # a parameter of another node, in a section for all
    assert 'top_k' not in robot.message('gate')


@pytest.mark.parametrize(('text', 'says'), [
    ('/**/polcy:\n  ros__parameters:\n    nice: 1\n', 'section `/**/polcy` of '),
    ('/robot1/policy:\n  ros__parameters:\n    nice: 1\n', 'does not apply to /policy, write '),
    ('/**/camera:\n  ros__parameters:\n    loop: true\n'
     '/**/policy:\n  ros__parameters:\n    nice: 1\n', '')])
def test_node_section_that_does_not_apply_is_named(robot, tmp_path, text, says):
    (tmp_path / 'mine.yaml').write_text(text)
    alone(robot, 'policy', '--params-file', str(tmp_path / 'mine.yaml'))
    assert says in robot.message('policy')
    assert bool(says) == ('section' in robot.log('policy'))


def test_pipeline_executable_accepts_parameters_of_each_node(robot):
    robot.run('pipeline', [sys.executable, '-m', 'digiphys_ros.nodes', 'pipeline', '--ros-args',
                           '-p', 'rules:=traffic_signs_rules.yaml', '-p', 'topk:=2'])
    robot.is_active('classifier', 'policy')
    robot.wait(lambda: 'did you mean top_k?' in robot.message('classifier'), 'sentence')
    assert '`rules`' not in robot.message('classifier')


def test_parameter_deprecated_choice_warns_and_means_the_new_one():
    parameter = Parameter('app', 'new', 'An application.', choices=('new',),
                          renamed={'old': 'new'})
    with pytest.warns(RenamedWarning, match='"old" is deprecated: write "new"'):
        assert parameter.check('old') == 'new'
    with pytest.raises(ConfigError, match="one of new is needed, received 'other'"):
        parameter.check('other')


def test_parameter_choice_of_a_plugin_is_accepted(add_package):
    engine, = (one for one in declared('classifier') if one.name == 'engine')
    assert engine.check('litert') == 'litert'
    with pytest.raises(ConfigError, match='one of auto, litert, tensorflow, onnx is needed'):
        engine.check('npu')
    add_package('npu_package', 'digiphys_ros.engines', 'npu = npu_package:NPU')
    assert engine.check('npu') == 'npu'
    with pytest.raises(ConfigError, match='one of auto, litert, tensorflow, onnx, npu is needed'):
        engine.check('gpu')


# Deprecated names.

CHANGED = {'min_brightness': 77.0, 'drop_duplicate_frames': False}
"""A value other than the default for each renamed parameter."""
OLD_NAMES = pytest.mark.parametrize(('old', 'new'), PARAMETERS.items())


def classifier_file(tmp_path, **values):
    path = tmp_path / 'mine.yaml'
    path.write_text(yaml.safe_dump({'/**/classifier': {'ros__parameters': values}}))
    return path


@OLD_NAMES
def test_parameters_file_with_an_old_name_warns_with_file_and_new_name(tmp_path, old, new):
    path = classifier_file(tmp_path, **{old: CHANGED[new]})
    for load in (load_configuration, load_settings):
        with pytest.warns(RenamedWarning) as caught:
            found = load(path)
        assert [str(one.message).partition('. ')[0] for one in caught] == [
            f'{path}: "{old}" is deprecated: write "{new}"']
    assert getattr(found.classifier.limits, new) == CHANGED[new]


@OLD_NAMES
def test_parameters_file_with_old_and_new_name_fails_and_names_both(tmp_path, old, new):
    path = classifier_file(tmp_path, **{old: CHANGED[new], new: CHANGED[new]})
    with pytest.raises(ConfigError, match=f'parameters.{old}`: has both `{new}` and `{old}`'):
        load_configuration(path)


@pytest.mark.parametrize('sections', [('/**', '/**/classifier'), ('/**/classifier', '/**')])
@OLD_NAMES
def test_parameters_file_with_both_names_in_two_sections_fails_at_the_old_one(
        tmp_path, sections, old, new):
    path = tmp_path / 'mine.yaml'
    path.write_text(yaml.safe_dump(
        {key: {'ros__parameters': {name: CHANGED[new]}}
         for key, name in zip(sections, (old, new), strict=True)}, sort_keys=False))
    for load in (load_configuration, load_settings):
        with pytest.warns(RenamedWarning), pytest.raises(ConfigError) as error:
            load(path)
        assert f'{path}:3: field `{sections[0]}.ros__parameters.{old}`' in str(error.value)
        assert f'has both `{new}` and `{old}`' in str(error.value)
        assert f'`{new}` is in `{sections[1]}` of {path}' in str(error.value)


@OLD_NAMES
def test_parameters_file_with_the_other_name_of_its_base_fails_and_names_both_files(
        tmp_path, old, new):
    base = classifier_file(tmp_path, **{new: CHANGED[new]}).rename(tmp_path / 'base.yaml')
    path = tmp_path / 'over.yaml'
    path.write_text(yaml.safe_dump({'/**': {'ros__parameters': {old: CHANGED[new]}}}))
    with pytest.warns(RenamedWarning), pytest.raises(
            ConfigError, match=f'over.yaml:3: .*{old}.*of {base}'):
        load_configuration(path, base=base)


@OLD_NAMES
def test_parameters_file_with_a_bad_value_of_an_old_name_fails_at_its_line(tmp_path, old, new):
    path = classifier_file(tmp_path, **{old: 'soon'})
    with pytest.warns(RenamedWarning), pytest.raises(ConfigError, match=f':3: .*{old}.*{new}'):
        load_configuration(path)


@OLD_NAMES
def test_node_with_an_old_parameter_name_reads_it_as_the_new_one(make_node, tmp_path, old, new):
    path = classifier_file(tmp_path, **{old: CHANGED[new]})
    with pytest.warns(RenamedWarning, match=f'"{old}" is deprecated: write "{new}"'):
        parameters = ParameterSet(make_node('--params-file', str(path)), ClassifierSettings)
    assert getattr(parameters.read().limits, new) == CHANGED[new]


@OLD_NAMES
def test_node_with_old_and_new_parameter_name_fails_and_names_both(make_node, tmp_path, old, new):
    path = classifier_file(tmp_path, **{old: CHANGED[new], new: CHANGED[new]})
    parameters = ParameterSet(make_node('--params-file', str(path)), ClassifierSettings)
    with pytest.raises(ConfigError, match=f'has both `{new}` and `{old}`'):
        parameters.read()


@pytest.fixture
def make_node(context):
    from digiphys_ros.ros.transport.middleware import start_middleware
    from rclpy.node import Node
    made = []

    def make(*words):
        start_middleware(['--ros-args', *words], context)
        made.append(Node('classifier', context=context, enable_rosout=False,
                         start_parameter_services=False))
        return made[0]
    yield make
    for node in made:
        node.destroy_node()


def test_running_node_takes_an_old_parameter_name_and_logs_the_new_one(robot):
    alone(robot, 'classifier', '-p', 'black_below:=7.0')
    warning = '"{}" is deprecated: write "{}"'
    robot.wait(lambda: warning.format('black_below', 'min_brightness') in robot.log('classifier'),
               'warning')
    result = robot.set_parameter('classifier', 'skip_repeated', False)
    assert result.successful, result.reason
    robot.wait(lambda: warning.format('skip_repeated', 'drop_duplicate_frames')
               in robot.log('classifier'), 'warning')
    assert 'black_below' not in robot.message('classifier')


@OLD_NAMES
def test_run_set_with_an_old_name_warns_and_checks_the_new_parameter(capsys, old, new):
    assert main(['run', '--set', f'classifier.{old}=soon']) == 2
    error = capsys.readouterr().err
    assert f'"{old}" is deprecated: write "{new}"' in error
    assert f'parameter `{new}`' in error


@OLD_NAMES
def test_run_set_with_both_names_fails_and_names_both(capsys, old, new):
    assert main(['run', '--set', f'{old}=1', '--set', f'classifier.{new}=1']) == 2
    assert f'--set: has both `{new}` and `{old}`' in capsys.readouterr().err


@OLD_NAMES
def test_run_set_overrides_the_old_name_in_a_file(make_node, tmp_path, old, new):
    path = classifier_file(tmp_path, **{old: CHANGED[new]})
    wanted = {'min_brightness': '9.5', 'drop_duplicate_frames': 'true'}[new]
    arguments = build_parser(['run']).parse_args(
        ['run', '--config', str(path), '--set', f'classifier.{new}={wanted}'])
    with pytest.warns(RenamedWarning, match=f'"{old}" is deprecated: write "{new}"'):
        words = _commands(arguments)['classifier']
        words = words[words.index('--ros-args') + 1:]
        parameters = ParameterSet(make_node(*words), ClassifierSettings)
    assert getattr(parameters.read().limits, new) == yaml.safe_load(wanted)
