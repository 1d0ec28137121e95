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
"""The application of the example package, installed by pip and run in closed loop."""

import json
from pathlib import Path
import subprocess
import sys


def sim(environment: dict[str, str], folder: Path, *words: str
        ) -> 'subprocess.CompletedProcess[str]':
    return subprocess.run([sys.executable, '-m', 'digiphys_ros.cli.main', 'sim', *words],
                          env=environment, cwd=folder, capture_output=True, text=True,
                          timeout=150)


def test_sweep_of_example_reaches_its_targets(environment, tmp_path):
    done = sim(environment, tmp_path, 'sweep', 'door', '--seeds', '0-2', '--no-camera', '--json',
               '-')
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    targets = {one['name']: one for one in report['targets']}
    assert targets['visitors_right']['value'] == 1.0
    assert targets['visitors_right']['judged'] > 15
    assert targets['unsafe_commands']['value'] == 0


def test_scenario_with_unknown_expectation_lists_those_of_example(environment, tmp_path):
    (tmp_path / 'other.yaml').write_text(
        'description: No door has signs.\napplication: door\nseconds: 20\n'
        'expect: {signs_right_at_least: 1.0}\n')
    refused = sim(environment, tmp_path, 'scenario', 'other.yaml')
    assert refused.returncode == 2
    assert 'door has no such expectation, it has visitors_at_least' in refused.stderr


def test_collect_from_example_makes_images_of_every_class(environment, tmp_path):
    done = sim(environment, tmp_path, 'collect', 'door', '--out', 'images', '--count', '30')
    assert done.returncode == 0, done.stderr
    assert {folder.name: len(list(folder.rglob('*.png')))
            for folder in (tmp_path / 'images').iterdir()} == {
        'cart': 10, 'empty': 10, 'person': 10}
