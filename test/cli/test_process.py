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

import ast
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading

import cv2
from digiphys_ros.cli.main import main, SUBCOMMANDS
from digiphys_ros.resources import share_dir
import numpy as np
import pytest

DIGIPHYS = [sys.executable, '-m', 'digiphys_ros.cli.main']
PIPE = pytest.mark.field('python/cpython #90650', 'output goes to head, which ends first')
CLOSED = pytest.mark.field('pixelb/crudini #82', 'standard output is closed')


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    """Return a data set with non-ASCII letters in its name and labels."""
    folder = tmp_path_factory.mktemp('été')
    random = np.random.default_rng(0)
    for label in ('gelb', 'grün'):
        (folder / label).mkdir()
        for number in range(2):
            pixels = random.integers(0, 255, (32, 32, 3), np.uint8)
            (folder / label / f'{number}.png').write_bytes(cv2.imencode('.png', pixels)[1])
    return folder


def run(*words, environment=None, **streams):
    """Run the command as a shell would; return its exit code and standard error."""
    own = {name: value for name, value in os.environ.items() if name != 'PYTHONUNBUFFERED'}
    done = subprocess.run([*DIGIPHYS, *words], stderr=subprocess.PIPE, timeout=300,
                          env={**own, **(environment or {})}, **streams)
    return done.returncode, done.stderr.decode()


@PIPE
@pytest.mark.parametrize('unbuffered', ['', '1'])
@pytest.mark.parametrize('words', [['data', 'inspect'], ['--help']])
def test_process_closed_pipe_ends_the_command_quietly(images, words, unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    words = [*words, str(images)] if words != ['--help'] else words
    code, errors = run(*words, stdout=writer, environment={'PYTHONUNBUFFERED': unbuffered})
    os.close(writer)
    # argparse itself passes over what it cannot write at once
    assert code in ((141, 0) if unbuffered and '--help' in words else (141,))
    assert errors == ''


def test_process_full_disk_of_standard_output_gets_one_sentence():
    with open('/dev/full', 'wb') as full:
        assert run('--help', stdout=full) == (
            2, 'digiphys: standard output: No space left on device.\n')


@CLOSED
@pytest.mark.parametrize('descriptors', [[1], [0, 1, 2]])
def test_process_closed_streams_do_no_harm(images, tmp_path, descriptors):
    def close():
        for descriptor in descriptors:
            os.close(descriptor)
    report = tmp_path / 'report.json'
    code, errors = run('data', 'inspect', str(images), '--json', str(report), preexec_fn=close)
    assert (code, errors) == (0, '')
    # printed to nowhere, and not into the file that got the number of the closed stream
    assert report.read_text().startswith('{')


@pytest.mark.field('docker/compose #4060', 'the terminal takes ASCII only')
def test_process_ascii_terminal_gets_escapes(images):
    done = subprocess.run([*DIGIPHYS, 'data', 'inspect', str(images)], capture_output=True,
                          env={**os.environ, 'LC_ALL': 'C', 'PYTHONIOENCODING': 'ascii'})
    assert (done.returncode, done.stderr) == (0, b'')
    assert b'gr\\xfcn: 2' in done.stdout


@pytest.mark.field(
    'ansible/ansible-navigator #2152', 'a path begins with ~ and the name of no user')
@pytest.mark.parametrize('subcommand', SUBCOMMANDS)
@pytest.mark.parametrize('word', ['~nobody_of_this_name/x', '--out=~nobody_of_this_name/x'])
def test_main_home_folder_of_an_unknown_user_gets_one_sentence(capsys, subcommand, word):
    assert main([subcommand, word]) == 2
    assert capsys.readouterr().err.startswith(
        'digiphys: ~nobody_of_this_name/x: ~nobody_of_this_name is not the home folder of a user')


LIBRARY = r"""
import cv2, os, sys
import numpy as np
from digiphys_ros.cli.process import run_process
from digiphys_ros.bundles import load_bundle
from digiphys_ros.perception.frame import decode_compressed
from digiphys_ros.perception.engines import create_engine
from digiphys_ros.resources import find_resource

def action():
    create_engine(load_bundle(find_resource('traffic_signs', 'models')), 'litert')
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    whole = cv2.imencode('.jpg', noise)[1].tobytes()
    decode_compressed(whole[:700] + b'\xff\xd3' + whole[702:], 'jpeg')
    os.write(2, b'E0000 00:00:1.2    33 a.cc:4] error\n')
    os.write(2, b'F0000 00:00:1.2    33 a.cc:4] fatal\n')
    os.write(2, b'no end')
    sys.stderr.write('python\n')
    return 3
sys.exit(run_process(action))
"""


@pytest.mark.field('libavg/libavg #782', 'libjpeg writes a line for each frame of a webcam')
@pytest.mark.field('google-ai-edge/mediapipe #3672', 'XNNPACK writes to standard error')
@pytest.mark.parametrize('shown', [False, True])
def test_process_library_output_is_shown_only_with_debug(shown):
    done = subprocess.run([sys.executable, '-c', LIBRARY], capture_output=True, timeout=300,
                          env={**os.environ, 'DIGIPHYS_DEBUG': '1' if shown else ''})
    assert done.returncode == 3
    errors = done.stderr.decode()
    assert 'F0000' in errors and 'python\n' in errors and 'no end' in errors
    assert ('XNNPACK' in errors) == ('Corrupt JPEG data' in errors) == shown
    assert ('E0000' in errors) == shown


@pytest.mark.field('tqdm/tqdm #1342', 'progress bars fill a log file')
def test_process_progress_bars_are_shown_only_on_terminals():
    files = list((share_dir() / 'digiphys_ros').rglob('*.py'))
    bars = [(path.name, node) for path in files for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'tqdm']
    assert len(bars) > 20
    for name, bar in bars:
        disabled = {key.arg: ast.unparse(key.value) for key in bar.keywords}.get('disable', '')
        assert disabled == 'None' or disabled.endswith(' or None'), (name, bar.lineno)


SEEDS = """
import signal, time
# a test that runs in the background ignores it
signal.signal(signal.SIGINT, signal.default_int_handler)
from digiphys_ros.simulation.processes import in_processes
for _ in in_processes(time.sleep, [(0,), (600,), (600,), (600,)], 2):
    print('started', flush=True)
"""


@pytest.mark.field('python/cpython #125886', 'Ctrl-C leaves worker processes behind')
@pytest.mark.parametrize('whole_group', [True, False])
def test_process_ctrl_c_ends_worker_processes(tmp_path, whole_group):
    script = tmp_path / 'script.py'
    script.write_text(f'if __name__ == "__main__":\n{SEEDS}'.replace('\n', '\n    '))
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True, text=True)
    assert process.stdout.readline() == 'started\n'
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
    # the pipes end with the last worker
    _, errors = process.communicate(timeout=300)
    assert errors.count('Traceback') == 1
    assert errors.endswith('KeyboardInterrupt\n')


@pytest.mark.ros
@pytest.mark.parallel
@pytest.mark.field('ika-rwth-aachen/docker-ros #24', 'docker stop, SIGTERM, takes effect late')
def test_process_sigterm_ends_the_demo_and_its_nodes(tmp_path):
    process = subprocess.Popen(
        [*DIGIPHYS, 'demo', '--source', 'course', '--headless', '--seconds', '600', '--out',
         str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    log = tmp_path / 'nodes.log'
    while 'active' not in (log.read_text() if log.exists() else ''):
        assert process.poll() is None, process.communicate()
        threading.Event().wait(0.05)
    nodes = subprocess.run(['pgrep', '-P', str(process.pid)], capture_output=True,
                           text=True).stdout.split()
    assert len(nodes) == 4
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=300) == (b'', b'')
    assert process.returncode == 143
    assert not any(Path('/proc', pid).exists() for pid in nodes)
