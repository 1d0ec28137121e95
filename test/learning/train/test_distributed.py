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

"""One training on two machines: two processes on this one, over loopback."""

import csv
import json
import os
import socket
import subprocess
import sys
import time

from digiphys_ros.cli.main import main
from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.train.distributed import worker_of
import numpy as np
import pytest
import yaml

TIMEOUT_S = 540
RECIPE = {
    'name': 'small', 'network': {'name': 'residual', 'options': {'width': 4}},
    'preprocess': {'width': 8, 'height': 8}, 'epochs': 2, 'batch': 8,
    'optimizer': {'name': 'sgd', 'learning_rate': 0.003, 'momentum': 0.9},
    'augment': {'flip_horizontal': True}, 'class_weights': 'balanced'}


def cluster(ports, number):
    return json.dumps({'cluster': {'worker': [f'127.0.0.1:{port}' for port in ports]},
                       'task': {'type': 'worker', 'index': number}})


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(('127.0.0.1', 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture
def material(tmp_path):
    """Write a recipe and 53 images of two classes: a number that no share divides evenly."""
    rng = np.random.default_rng(0)
    classes = np.arange(53) % 2
    images = rng.integers(0, 150, (53, 8, 8, 3)).astype(np.uint8)
    images[classes == 1, ..., 0] += 100
    np.savez(tmp_path / 'data.npz', x=images, y=classes)
    (tmp_path / 'recipe.yaml').write_text(yaml.safe_dump(RECIPE))
    return tmp_path


def training(material, folder, *words):
    """Return the words of a training in a folder of its own."""
    folder.mkdir()
    return ['train', str(material / 'recipe.yaml'), '--data', str(material / 'data.npz'),
            '--out', str(folder / 'out'), *words]


def history_in(folder):
    with open(folder / 'out.training' / 'log.csv', newline='') as file:
        return [{name: float(value) for name, value in row.items()}
                for row in csv.DictReader(file)]


class Machine:
    """A process that trains, in a folder of its own."""

    def __init__(self, material, name, config, *words):
        self.folder = material / name
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'digiphys_ros.cli.main',
             *training(material, self.folder, *words)],
            env={**os.environ, 'TF_CONFIG': config}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def end(self):
        """Wait for its end; return its exit code and output."""
        output = ''.join(self._process.communicate(timeout=TIMEOUT_S))
        return self._process.returncode, output

    def kill(self):
        self._process.kill()

    def runs(self):
        return self._process.poll() is None


def test_two_workers_train_as_one_and_only_the_chief_writes(material, monkeypatch):
    ports = free_ports(2)
    machines = [Machine(material, f'machine{number}', cluster(ports, number))
                for number in range(2)]
    # the one trains here meanwhile: a third process would only read TensorFlow again
    monkeypatch.delenv('TF_CONFIG', raising=False)
    assert main(training(material, material / 'alone')) == 0
    for machine in machines:
        code, output = machine.end()
        assert code == 0, output
    together, one = history_in(machines[0].folder), history_in(material / 'alone')
    assert len(together) == len(one) == RECIPE['epochs']
    for ours, expected in zip(together, one, strict=True):
        assert ours['loss'] == pytest.approx(expected['loss'], rel=1e-2)
        assert ours['val_loss'] == pytest.approx(expected['val_loss'], rel=1e-2)
        assert ours['accuracy'] == pytest.approx(expected['accuracy'], abs=0.03)
    assert (machines[0].folder / 'out' / 'bundle.json').exists()
    assert not list(machines[1].folder.iterdir())


def test_killed_worker_ends_the_other_with_one_sentence(material):
    ports = free_ports(2)
    chief, other = (Machine(material, f'machine{number}', cluster(ports, number),
                            '--epochs', '2000') for number in range(2))
    log = chief.folder / 'out.training' / 'log.csv'
    deadline_s = time.monotonic() + TIMEOUT_S
    while chief.runs() and not log.exists() and time.monotonic() < deadline_s:
        time.sleep(0.1)
    other.kill()
    code, output = chief.end()
    assert code == 2
    assert 'the workers of TF_CONFIG lost their connection' in output
    assert 'Traceback' not in output
    assert not (chief.folder / 'out').exists()


@pytest.mark.parametrize(('text', 'output'), [
    ('{', 'JSON'),
    ('{"task": {"type": "worker", "index": 0}}', '`cluster`'),
    ('{"cluster": {"ps": ["a:1"]}, "task": {"type": "worker", "index": 0}}', '`cluster.ps'),
    ('{"cluster": {"worker": []}, "task": {"type": "worker", "index": 0}}', '`cluster.worker`'),
    ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
     'the cluster has no worker 1'),
    ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "boss", "index": 0}}', '`task.type`')])
def test_worker_of_invalid_cluster_names_the_field(text, output):
    with pytest.raises(ConfigError, match='TF_CONFIG') as refused:
        worker_of({'TF_CONFIG': text})
    assert output in str(refused.value)
    assert '\n' not in str(refused.value)


def test_worker_of_returns_index_and_count():
    assert worker_of({}) == (0, 1)
    config = {'cluster': {'chief': ['a:1'], 'worker': ['b:1', 'c:1']},
              'task': {'type': 'worker', 'index': 1}}
    assert worker_of({'TF_CONFIG': json.dumps(config)}) == (2, 3)
