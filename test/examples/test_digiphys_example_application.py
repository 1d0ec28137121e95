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
"""A package of its own adds an application; it is installed by pip and run in closed loop."""

from collections.abc import Callable
import json
from pathlib import Path
import subprocess
import sys

import pytest


@pytest.fixture(scope='module')
def environment(install_example: Callable[[str], dict[str, str]]) -> dict[str, str]:
    """Return an environment into which pip has installed the example."""
    return install_example('digiphys_example_application')


def sim(environment: dict[str, str], folder: Path, *words: str
        ) -> 'subprocess.CompletedProcess[str]':
    return subprocess.run([sys.executable, '-m', 'digiphys_ros.cli.main', 'sim', *words],
                          env=environment, cwd=folder, capture_output=True, text=True,
                          timeout=150)


def test_added_application_closes_the_loop_and_reaches_its_targets(environment, tmp_path):
    done = sim(environment, tmp_path, 'sweep', 'door', '--seeds', '0-2', '--no-camera', '--json',
               '-')
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    targets = {one['name']: one for one in report['targets']}
    assert targets['visitors_right']['value'] == 1.0
    assert targets['visitors_right']['judged'] > 15
    assert targets['unsafe_commands']['value'] == 0


def test_scenario_of_an_added_application_names_what_it_can_expect(environment, tmp_path):
    (tmp_path / 'other.yaml').write_text(
        'description: No door has signs.\napplication: door\nseconds: 20\n'
        'expect: {signs_right_at_least: 1.0}\n')
    refused = sim(environment, tmp_path, 'scenario', 'other.yaml')
    assert refused.returncode == 2
    assert 'door has no such expectation, it can be expected: visitors_at_least' in refused.stderr


def test_added_application_makes_images_of_every_class(environment, tmp_path):
    done = sim(environment, tmp_path, 'collect', 'door', '--out', 'images', '--count', '30')
    assert done.returncode == 0, done.stderr
    assert {folder.name: len(list(folder.rglob('*.png')))
            for folder in (tmp_path / 'images').iterdir()} == {
        'cart': 10, 'empty': 10, 'person': 10}
