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

import json
import struct
import subprocess
import sys

from digiphys_ros.cli.main import main, SUBCOMMANDS
import pytest


def digiphys(*words, timeout_s=120):
    return subprocess.run([sys.executable, '-m', 'digiphys_ros.cli.main', *words],
                          capture_output=True, text=True, timeout=timeout_s)


@pytest.mark.parametrize(('words', 'sentence'), [
    (['fly'], "invalid choice: 'fly'"),
    ([], 'the following arguments are required: SUBCOMMAND'),
    (['run', '--fast'], 'unrecognized arguments: --fast'),
    (['run', '--config', 'nothing.yaml'], '"nothing.yaml" was not found'),
    (['run', '--set', 'gate.lease=1'], '--set gate.lease=1'),
    (['run', '--set', 'gate.lease_s=fast'], 'a number is needed'),
    (['run', '--without', 'wings'], 'no such node'),
    (['run', '--transport', 'pigeon'], '"pigeon" was not found'),
    (['demo', '--source', '/nowhere.mp4'], '/nowhere.mp4: does not exist'),
    (['demo', '--seconds', '-1'], '--seconds must be positive'),
    (['demo', '--bundle', 'nothing'], '"nothing" was not found'),
    (['demo', '--bundle', 'chest_xray'], 'chest_xray is for advice to a person'),
    (['train', 'mlp', '--data', 'nothing.npz', '--out', 'x'], 'nothing.npz: no such file'),
    (['train', 'mlp', '--out', 'x'], 'required: --data'),
    (['train', 'magic', '--data', 'nothing.npz', '--out', 'x'], '"magic.yaml" was not found'),
    (['evaluate', 'traffic_signs', '--data', 'nothing.npz'], 'nothing.npz: no such file'),
    (['evaluate', 'nothing', '--data', 'nothing.npz'], '"nothing" was not found'),
    (['bench', '--rounds', '0'], '--rounds at least 1'),
])
def test_main_wrong_arguments_get_one_sentence_and_exit_code_2(
        capsys, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.startswith('digiphys: ')
    assert error.count('\n') == 1


@pytest.mark.parametrize('words', [
    ['run'], ['sim', 'run', 'sorting'], ['sim', 'collect', 'sorting', '--out', 'x'],
    ['triage', 'verify', 'x'], ['data', 'split', 'x', '--out', 'y'], ['data', 'inspect', 'x']])
def test_main_unknown_option_names_the_help_of_its_subcommand(capsys, words):
    assert main([*words, '--wings']) == 2
    help_of = ' '.join(words[:1 if words == ['run'] else 2])
    assert f'arguments: --wings (see: digiphys {help_of} --help)' in capsys.readouterr().err


def test_help_names_every_subcommand():
    done = digiphys('--help')
    assert done.returncode == 0
    for subcommand in SUBCOMMANDS:
        assert f'  {subcommand} ' in done.stdout


@pytest.mark.parametrize('subcommand', SUBCOMMANDS)
def test_help_of_every_subcommand_is_shown(subcommand, capsys):
    with pytest.raises(SystemExit) as ended:
        main([subcommand, '--help'])
    assert ended.value.code == 0
    assert 'usage: digiphys' in capsys.readouterr().out


@pytest.mark.ros
def test_demo_on_the_drawn_course_passes(tmp_path):
    report_file = tmp_path / 'report.json'
    done = digiphys('demo', '--source', 'course', '--headless', '--seconds', '6', '--json',
                    str(report_file), '--out', str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'stop: expected stop, observed stop' in done.stdout
    report = json.loads(report_file.read_text())
    assert report['unsafe_commands'] == 0
    assert report['safe_stops'] >= 1
    assert report['frames']['sent'] >= report['frames']['received'] > 30
    assert report['classified'] > 30
    assert report['commands'] > 100
    assert report['accuracy'] > 0.9
    assert report['engine'] == 'litert'
    assert report['ros_distro'] in ('humble', 'jazzy', 'kilted')
    assert report['rmw'] == 'rmw_fastrtps_cpp'
    assert len(report['model']['hash']) == 64
    for name in ('capture_to_classification', 'capture_to_command'):
        assert 0 < report['latency_ms'][name]['p50'] <= report['latency_ms'][name]['p99']
    assert (tmp_path / 'report.png').stat().st_size > 10000


@pytest.mark.ros
def test_demo_by_default_runs_the_simulator(tmp_path, drawing):
    done = digiphys('demo', '--headless', '--seconds', '22', '--json', str(tmp_path / 'a.json'),
                    '--out', str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / 'a.json').read_text())
    assert report['source'] == 'sim'
    assert report['unsafe_commands'] == 0
    assert report['frames']['sent'] > 100
    assert report['robot']['distance_m'] > 1
    assert {'sign': 'ahead only', 'right': True}.items() <= report['encounters'][0].items()
    assert '  ok   ahead only' in done.stdout


@pytest.mark.ros
def test_demo_without_opengl_names_the_packages_and_plays_the_drawn_course(
        tmp_path, monkeypatch):
    monkeypatch.setenv('MUJOCO_GL', 'disabled')
    done = digiphys('demo', '--headless', '--seconds', '3', '--json', '-', '--out', str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'OpenGL is missing, which rendering needs: sudo apt-get install' in done.stderr
    assert json.loads(done.stdout)['source'] == 'course'


@pytest.mark.ros
def test_demo_plays_a_data_set(tmp_path, data_dir):
    done = digiphys('demo', '--headless', '--seconds', '4', '--json', '-', '--source',
                    str(data_dir / 'gtsrb_train.npz'), '--out', str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)['accuracy'] > 0.8


def test_main_full_disk_gets_one_sentence(capsys, monkeypatch):
    from digiphys_ros.cli import data

    def full(arguments):
        raise OSError(28, 'No space left on device', '/tmp/x')
    monkeypatch.setattr(data, 'run', full)
    assert main(['data', 'inspect', 'd']) == 2
    assert capsys.readouterr().err == 'digiphys: /tmp/x: No space left on device.\n'
    with pytest.raises(OSError, match='No space'):
        main(['--debug', 'data', 'inspect', 'd'])


@pytest.mark.parametrize(('error', 'words'), [
    (RecursionError('deep'), 'is nested too deeply'),
    (MemoryError(), 'there is not enough memory'),
    (OverflowError('Python int too large'), 'OverflowError: Python int too large'),
    (struct.error('unpack'), 'error: unpack'), (KeyError('x\n\x1b[2J'), 'KeyError'),
    (UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'invalid'), 'invalid')])
def test_main_unexpected_error_names_the_file(
        capsys, monkeypatch, tmp_path, error, words):
    from digiphys_ros.cli import data

    def act(arguments):
        raise error
    monkeypatch.setattr(data, 'run', act)
    assert main(['data', 'inspect', str(tmp_path)]) == 2
    output = capsys.readouterr().err
    assert output.startswith(f'digiphys: {tmp_path}: ') and words in output
    assert output.endswith('\n') and output[:-1].isprintable()
    with pytest.raises(type(error)):
        main(['--debug', 'data', 'inspect', str(tmp_path)])


def test_main_unreadable_audit_log_or_key_ends_with_2(capsys, tmp_path):
    (tmp_path / 'log').touch()
    (tmp_path / 'key').write_bytes(b'short')
    for words in (['verify', str(tmp_path)], ['review', str(tmp_path)],
                  ['verify', str(tmp_path / 'log'), '--key', str(tmp_path / 'key')],
                  ['verify', str(tmp_path / 'log'), '--key', str(tmp_path / 'none')]):
        assert main(['triage', *words]) == 2
        assert capsys.readouterr().err.count('\n') == 1


@pytest.mark.parametrize('profile', ['robot', 'local'])
def test_run_notes_an_open_transport_before_the_start(capsys, monkeypatch, profile):
    from digiphys_ros.cli import run
    from digiphys_ros.errors import ConfigError

    class Supervisor:

        def __init__(self, commands, environments):
            raise ConfigError('nothing is started here')
    monkeypatch.setattr(run, 'Supervisor', Supervisor)
    assert main(['run', '--config', 'traffic_signs', '--transport', profile]) == 2
    announced = 'digiphys run: transport robot: listens on ' in capsys.readouterr().err
    assert announced == (profile == 'robot')
