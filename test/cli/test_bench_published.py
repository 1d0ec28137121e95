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

from importlib import import_module
import json
from pathlib import Path

from digiphys_ros.cli.bench import limits_table
import pytest

DOCS = Path(__file__).parents[2] / 'docs'
REPORTS = [json.loads((DOCS / name).read_text()) for name in (
    'network.json', 'performance.json', 'stopping.json')]


@pytest.mark.parametrize(('name', 'cases'), [
    item for report in REPORTS for item in report['cases'].items()])
def test_table_published_matches_the_report(name, cases):
    lines = import_module(f'digiphys_ros.bench.{name}').table(cases)
    published = (DOCS / 'performance.md').read_text().splitlines()
    assert [line for line in lines if line and line not in published] == []


@pytest.mark.parametrize('report', REPORTS)
def test_limits_table_published_has_each_figure_limit_and_machine(report):
    published = (DOCS / 'performance.md').read_text()
    assert [line for line in limits_table(report['limits']) if line not in published] == []
    assert report['machine'] in published
