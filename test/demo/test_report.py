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

"""The report of a demo: a figure that no node reported is unknown, and a problem."""

from pathlib import Path
from types import SimpleNamespace

from digiphys_ros.demo.report import build_report, Setting
from digiphys_ros.resources import share_dir
import pytest


@pytest.fixture(scope='module')
def setting():
    share: Path = share_dir()
    return Setting.load(share / 'config' / 'traffic_signs.yaml', share / 'models/traffic_signs')


def report(setting, diagnostics):
    recording = SimpleNamespace(classifications=[], labels={}, commands=[], obeyed=[],
                                diagnostics=diagnostics)
    return build_report(setting, recording, {})


def test_report_of_silent_nodes_has_no_counts(setting):
    made = report(setting, {})
    assert made['frames'] == {'sent': None, 'received': None, 'dropped': None}
    assert made['safe_stops'] is None
    assert any(problem.startswith('no node reported sent, received, dropped, safe_stops')
               for problem in made['problems'])


def test_report_of_nodes_with_all_figures_has_counts(setting):
    made = report(setting, {
        f'/{node}': {'schema_version': '1', **values} for node, values in {
            'camera': {'frames_sent': '9'}, 'gate': {'base.safe_stops': '0'},
            'classifier': {'received': '9', 'dropped': '0'}}.items()})
    assert made['frames'] == {'sent': 9, 'received': 9, 'dropped': 0}
    assert not any('no node reported' in problem for problem in made['problems'])
