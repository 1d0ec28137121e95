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

"""Parameter files in all forms of ROS: applied as by rcl, or refused before the start."""

import math

from digiphys_ros.errors import ConfigError
from digiphys_ros.pipeline.parameter_values import read_scalar
from digiphys_ros.pipeline.parameters_file import ParametersFile
from digiphys_ros.resources import share_dir
from digiphys_ros.ros.parameters.configuration import load_configuration
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]

GATE = 'ros__parameters: {lease_s: 0.4}'
LEASE = {'gate': {'lease_s': 0.4}}
DUMP = """\
{name}:
  ros__parameters:
    autostart: true
    cpus: ''
    lease_s: 0.4
    nice: 0
    rules: traffic_signs_rules.yaml
    start_type_description_service: true
    use_sim_time: false
"""
DUMPED = {'gate': {'autostart': True, 'cpus': '', 'lease_s': 0.4, 'nice': 0,
                   'rules': 'traffic_signs_rules.yaml', 'start_type_description_service': True,
                   'use_sim_time': False}}
OTHERS = """\
/usb_cam:
  ros__parameters:
    image_size: [640, 480]
    frame.id: usb
    qos_overrides:
      /parameter_events:
        publisher: {depth: 1000, durability: volatile, history: keep_last}
"""
NAVIGATION = """\
amcl:
  ros__parameters:
    alpha1: 0.2
    laser: {max_range: 100.0, likelihood: {max_dist: 2.0}}
    plugins: ['a', 'b']
    empty: []
"""

APPLIED = {
    # name: text, namespace, parameters of each started node
    'dump of a node': (DUMP.format(name='/gate'), '', DUMPED),
    'dump of a node in a namespace': (DUMP.format(name='/r1/gate'), 'r1', DUMPED),
    'dump of two nodes': (DUMP.format(name='/gate') + '/policy:\n  ros__parameters: {nice: 1}\n',
                          '', {**DUMPED, 'policy': {'nice': 1}}),
    'node': (f'gate: {{{GATE}}}', '', LEASE),
    'node with slash': (f'/gate: {{{GATE}}}', '', LEASE),
    'node under the root': (f'/: {{gate: {{{GATE}}}}}', '', LEASE),
    'full name': (f'/fleet/r1/gate: {{{GATE}}}', 'fleet/r1', LEASE),
    'full name without slash': (f'fleet/r1/gate: {{{GATE}}}', '/fleet/r1', LEASE),
    'nested namespace': (f'r1: {{gate: {{{GATE}}}}}', 'r1', LEASE),
    'nested namespaces': (f'/fleet: {{r1: {{gate: {{{GATE}}}}}}}', 'fleet/r1', LEASE),
    'namespace of two words': (f'/fleet/r1: {{gate: {{{GATE}}}}}', 'fleet/r1', LEASE),
    'namespace with trailing slash': (f'r1/: {{gate: {{{GATE}}}}}', 'r1', LEASE),
    'namespace with trailing slash that is a node': (
        f'r1/: {{gate: {{{GATE}}}, ros__parameters: {{a: 1}}}}', 'r1', LEASE),
    'any namespace': (f'/**/gate: {{{GATE}}}', 'fleet/r1', LEASE),
    'any namespace, none': (f'/**/gate: {{{GATE}}}', '', LEASE),
    'any namespace, nested': (f'/**: {{gate: {{{GATE}}}}}', 'r1', LEASE),
    'any namespace of one word': (f'/*/gate: {{{GATE}}}', 'r1', LEASE),
    'any namespace below one': (f'/fleet/**/gate: {{{GATE}}}', 'fleet/a/b', LEASE),
    'any node of a namespace': (
        f'/r1/gate: {{ros__parameters: {{}}}}\n/r1/*: {{{GATE}}}', 'r1', LEASE),
    'any node below a namespace': (
        f'/**/gate: {{ros__parameters: {{}}}}\n/r1/**: {{{GATE}}}', 'r1', LEASE),
    'the later section goes first': (
        '/**/gate: {ros__parameters: {lease_s: 0.2}}\n/**: {ros__parameters: {lease_s: 0.4}}',
        '', LEASE),
    'all nodes and one': ('/**: {ros__parameters: {use_sim_time: true}}\n'
                          f'/**/gate: {{{GATE}}}', '',
                          {'gate': {'use_sim_time': True, 'lease_s': 0.4}}),
    'all nodes after a node of the namespace': (
        f'/**: {{gate: {{{GATE}}}, ros__parameters: {{nice: 1}}}}', 'a',
        {'gate': {'lease_s': 0.4, 'nice': 1}}),
    'other nodes': (f'{NAVIGATION}{OTHERS}gate: {{{GATE}}}', '', LEASE),
    'other nodes in a namespace': (f'/**/gate: {{{GATE}}}\nr1: {{nav: {{amcl: {{{GATE}}}}}}}',
                                   'r1', LEASE),
    'two robots': (f'/r1/gate: {{{GATE}}}\n/r2/gate: {{ros__parameters: {{other: 1}}}}', 'r1',
                   LEASE),
    'QoS of other nodes for all': (
        '/**: {ros__parameters: {qos_overrides: {/tf: {publisher: {depth: 5}}}}}\n'
        f'gate: {{{GATE}}}', '',
        {'gate': {'lease_s': 0.4, 'qos_overrides./tf.publisher.depth': 5}}),
    'words for true and false': (
        '/**/gate: {ros__parameters: {guard: off, realtime: N, estop_required: y}}', '',
        {'gate': {'guard': False, 'realtime': False, 'estop_required': True}}),
    'hexadecimal and octal': ('/**/gate: {ros__parameters: {nice: 0xF, rate_hz: 0100}}', '',
                              {'gate': {'nice': 15, 'rate_hz': 64}}),
    'exponents': ('/**/gate: {ros__parameters: {lease_s: 4e-1, rate_hz: +5.0E1}}', '',
                  {'gate': {'lease_s': 0.4, 'rate_hz': 50.0}}),
    'numbers in quotes are text': ('/**/gate: {ros__parameters: {cpus: "0", rules: \'12\'}}', '',
                                   {'gate': {'cpus': '0', 'rules': '12'}}),
    'text that other YAML reads as numbers': (
        '/**/gate:\n  ros__parameters:\n    cpus: 1_0\n    rules: 1:30\n', '',
        {'gate': {'cpus': '1_0', 'rules': '1:30'}}),
    'list over several lines': (
        '/**/classifier:\n  ros__parameters:\n    roi:\n    - 0.0\n    - .5\n    - 1.\n'
        '    - 1.0\n',
        '', {'classifier': {'roi': [0.0, 0.5, 1.0, 1.0]}}),
    'JSON': ('{"/gate": {"ros__parameters": {"lease_s": 0.4, "rules": "a.yaml"}}}', '',
             {'gate': {'lease_s': 0.4, 'rules': 'a.yaml'}}),
    'document marks, comments and carriage returns': (
        f'# of a robot\r\n---\r\n/gate:  # here\r\n  {GATE}\r\n...\r\n', '', LEASE),
}


def test_read_scalar_reads_as_rcl_does():
    for text, value in (('1e999', '1e999'), ('1e-400', '1e-400'), ('0e9', 0.0), ('+3', 3),
                        ('9223372036854775808', 9223372036854775808.0), ('tRue', 'tRue'),
                        ('08', 8.0), ('0b1', '0b1'), ('-.Inf', -math.inf), ('', '')):
        assert repr(read_scalar(text)) == repr(value)


@pytest.fixture
def given(domain_id, monkeypatch):
    """Return a function for the parameters that a node gets from ROS."""
    from digiphys_ros.ros.transport.middleware import start_middleware
    from rclpy.context import Context
    from rclpy.node import Node
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain_id))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'OFF')
    contexts = []

    def parameters(files, name, namespace):
        contexts.append(Context())
        start_middleware(['--ros-args', *(word for file in files
                                          for word in ('--params-file', str(file)))], contexts[-1])
        node = Node(name, namespace=namespace, context=contexts[-1], enable_rosout=False,
                    start_parameter_services=False)
        values = {name: list(one.value) if hasattr(one.value, 'typecode') else one.value
                  for name, one in node._parameter_overrides.items()}
        node.destroy_node()
        return values
    yield parameters
    for context in contexts:
        context.try_shutdown()


@pytest.mark.parametrize('form', APPLIED)
def test_load_configuration_file_that_ros_accepts_is_applied(tmp_path, given, form):
    text, namespace, expected = APPLIED[form]
    (tmp_path / 'own.yaml').write_text(text, newline='')
    found = load_configuration(tmp_path / 'own.yaml', namespace)
    assert {node: given(found.files, node, namespace) for node in found.nodes} == expected
    # the checked values are those that ROS applies
    for node in found.nodes:
        name = '/'.join(['', *filter(None, namespace.split('/')), node])
        assert {section.parameter(location): value
                for section in ParametersFile(tmp_path / 'own.yaml').sections
                for location, value in section.values
                if section.applies_to(name)} == expected[node]


REFUSED = {
    # name: text, namespace, words of the error
    'gate of another namespace': (f'gate: {{{GATE}}}', 'r1', ['/r1/gate', 'write /**/gate']),
    'node of another namespace': (
        f'classifier: {{ros__parameters: {{}}}}\n/**/gate: {{{GATE}}}', 'r1',
        ['/r1/classifier', 'defaults']),
    'deeper namespace': (f'/*/gate: {{{GATE}}}', 'a/b', ['/a/b/gate']),
    'all nodes of another namespace': (f'/r2/**: {{{GATE}}}', 'r1', ['/r1/gate', '`/r2/**`']),
    'only other nodes': (NAVIGATION, '', ['/gate', '`amcl`']),
    'misspelt node alone': (f'/**/gait: {{{GATE}}}', '', ['/gate', 'mean gate']),
    'misspelt parameter': ('gate: {ros__parameters: {leese_s: 0.4}}', '', ['mean lease_s']),
    'misspelt parameter for all': ('/**: {ros__parameters: {leese_s: 0.4}}', '',
                                   ['mean lease_s']),
    'nested parameter': ('gate: {ros__parameters: {lease: {s: 0.4}}}', '', ['no such parameter']),
    'QoS of a node': ('gate: {ros__parameters: {qos_overrides: {/a: {publisher: {depth: 5}}}}}',
                      '', ['adapt their QoS']),
    'wrong type': ('gate: {ros__parameters: {guard: 1}}', '', ['bool is needed', '1']),
    'text that ROS reads as true': ('camera: {ros__parameters: {source: y}}', '',
                                    ['str is needed', 'True']),
    'number out of range': ('gate: {ros__parameters: {lease_s: .inf}}', '', ['finite']),
    'null': ('gate: {ros__parameters: {lease_s: ~}}', '', ['has no value']),
    'empty group': ('gate: {ros__parameters: {qos_overrides: {}}}', '', ['is empty']),
    'nested name with a dot': (
        'amcl: {ros__parameters: {a: {b.c: {d: 1}, e: 1}}}', '', ['loses a part']),
    'alias': (f'gate: &g {{{GATE}}}\npolicy: *g', '', ['no aliases']),
    'tag': ('gate: {ros__parameters: {rules: !!str 1}}', '', ['tags']),
    'mixed numbers': ('classifier: {ros__parameters: {roi: [0, 0.5, 1, 1]}}', '', ['mixed']),
    'list of lists': ('amcl: {ros__parameters: {a: [[1, 2], [3, 4]]}}', '', ['in a list']),
    'list of sections': ('amcl: {ros__parameters: {a: [{b: 1}]}}', '', ['in a list']),
    'node after the parameters of its namespace': (
        f'/**: {{ros__parameters: {{nice: 1}}, gate: {{{GATE}}}}}', 'r1', ['forgets']),
    'names with a slash below a namespace': (
        f'/fleet: {{r1/gate: {{{GATE}}}, r1/policy: {{ros__parameters: {{}}}}}}', 'fleet/r1',
        ['nest it']),
    'no ros__parameters': ('gate: {lease_s: 0.4}', '', ['ros__parameters is needed']),
    'parameters of no node': (GATE, '', ['ros__parameters is needed']),
    'name that ROS does not have': (f'/my-robot/gate: {{{GATE}}}\n/**/gate: {{{GATE}}}', '',
                                    ['refuses', 'namespace']),
    'two documents': (f'gate: {{{GATE}}}\n---\npolicy: {{ros__parameters: {{}}}}', '',
                      ['another document']),
    'section given twice': (f'gate: {{{GATE}}}\ngate: {{{GATE}}}', '', ['already given']),
    'date': ('amcl: {ros__parameters: {since: 2026-01-01}}', '', ['quotes']),
    'nothing': ('', '', ['mapping']),
}


@pytest.mark.parametrize('form', REFUSED)
def test_load_configuration_file_that_does_not_apply_is_refused(tmp_path, form):
    text, namespace, words = REFUSED[form]
    (tmp_path / 'own.yaml').write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_configuration(
            tmp_path / 'own.yaml', namespace, base=share_dir() / 'config/traffic_signs.yaml')
    assert len(str(refused.value).splitlines()) == 1
    for word in ['own.yaml', *words]:
        assert word in str(refused.value)


OWN = {
    'all nodes': ('/**: {ros__parameters: {nice: 3}}', ''),
    'all nodes of a namespace': ('/r1/*: {ros__parameters: {nice: 3}}', 'r1'),
    'all nodes below a namespace': ('/r1/**: {ros__parameters: {nice: 3}}', 'r1'),
    'all nodes of none': ('/*: {ros__parameters: {nice: 3}}', ''),
    'all nodes and others': ('/**: {ros__parameters: {nice: 3}}\n' + NAVIGATION, ''),
}


@pytest.mark.parametrize('form', OWN)
def test_load_configuration_file_for_all_nodes_overrides_the_application(
        tmp_path, given, form):
    text, namespace = OWN[form]
    (tmp_path / 'own.yaml').write_text(text)
    found = load_configuration(
        tmp_path / 'own.yaml', namespace, base=share_dir() / 'config/sorting.yaml')
    assert found.nodes == ('sim', 'classifier', 'policy', 'gate')
    for node in found.nodes:
        assert given(found.files, node, namespace)['nice'] == 3
    assert given(found.files, 'gate', namespace)['rules'] == 'sorting_rules.yaml'


def test_run_file_for_all_nodes_starts_those_of_the_application(tmp_path):
    from digiphys_ros.cli import run
    from digiphys_ros.cli.main import build_parser
    (tmp_path / 'own.yaml').write_text('/**: {ros__parameters: {nice: 3}}')
    commands = run._commands(build_parser(['run']).parse_args(
        ['run', '--app', 'sorting', '--config', str(tmp_path / 'own.yaml'), '--without', 'sim']))
    assert set(commands) == {'classifier', 'policy', 'gate'}
    for words in commands.values():
        files = [words[index + 1] for index, word in enumerate(words) if word == '--params-file']
        assert [file.rpartition('/')[2] for file in files] == ['sorting.yaml', 'own.yaml']


def test_check_config_warns_of_sections_without_a_node(tmp_path):
    from digiphys_ros.doctor.system import check_config
    (tmp_path / 'own.yaml').write_text(f'/r1/gate: {{{GATE}}}\n{NAVIGATION}')
    found = check_config(str(tmp_path / 'own.yaml'), 'r1')
    assert found.status == 'warn'
    assert 'starts gate' in found.found and '`amcl`' in found.found
    assert check_config(str(tmp_path / 'own.yaml')).status == 'fail'
    assert check_config('sorting').status == 'ok'


def notes(tmp_path, text, *arguments, **options):
    (tmp_path / 'own.yaml').write_text(text)
    return load_configuration(tmp_path / 'own.yaml', *arguments, **options).notes


@pytest.mark.parametrize(('text', 'namespace', 'words'), [
    (f'gate: {{{GATE}}}\n{NAVIGATION}{OTHERS}', '', ['`amcl`', '`/usb_cam`']),
    (f'/r1/gate: {{{GATE}}}\n/r2/gate: {{{GATE}}}', 'r1', ['`/r2/gate`']),
    (f'/**/gate: {{{GATE}}}\nclasifier: {{{GATE}}}', '', ['mean classifier']),
    (f'/**/gate: {{{GATE}}}\n/**: {{ros__parameters: {{map: 1}}}}', '', ['`map` of `/**`']),
])
def test_load_configuration_section_without_a_node_is_noted(tmp_path, text, namespace, words):
    [sentence] = notes(tmp_path, text, namespace)
    for word in words:
        assert word in sentence


def test_load_configuration_excluded_node_is_not_checked(tmp_path):
    text = f'/camera/camera: {{ros__parameters: {{serial_no: "7"}}}}\n/**/gate: {{{GATE}}}'
    with pytest.raises(ConfigError, match='does not apply to the node /camera'):
        notes(tmp_path, text)
    assert 'serial_no' not in str(notes(tmp_path, text, without=['camera']))
