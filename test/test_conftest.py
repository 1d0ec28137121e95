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

"""Fixtures and hooks of all tests."""

from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.mark.parametrize(('skipped', 'sections'), [
    ('test/launch/test_launch_files.py', ['NOT RUN: the launch files']),
    ('test/nodes/test_gate.py::test_a', [])])
def test_summary_names_launch_files_that_did_not_run(request, monkeypatch, skipped, sections):
    conftest = request.config.pluginmanager.get_plugin(str(
        Path(__file__).with_name('conftest.py')))
    monkeypatch.setattr(conftest, 'find_spec', lambda name: None)
    shown = []
    reporter = SimpleNamespace(stats={'skipped': [SimpleNamespace(nodeid=skipped)]},
                               section=lambda title, **_: shown.append(title))
    conftest.pytest_terminal_summary(
        reporter, SimpleNamespace(option=SimpleNamespace(markexpr='not ros')))
    assert [title.split(' under')[0] for title in shown] == sections
