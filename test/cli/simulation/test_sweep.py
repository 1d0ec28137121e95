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

from digiphys_ros.cli.main import main
import pytest


def sim(*words):
    return main(['sim', 'sweep', *map(str, words)])


def test_sweep_combines_the_targets_of_all_seeds(tmp_path, capsys):
    assert sim('sorting', '--no-camera', '--seeds', '3-4', '--seconds', 20, '--json',
               tmp_path / 'a.json') == 0
    report = json.loads((tmp_path / 'a.json').read_text())
    assert [run['seed'] for run in report['runs']] == [3, 4]
    assert report['simulated_s'] == pytest.approx(40.0, abs=0.1)
    assert report['simulated_seconds_per_second'] > 1
    assert report['frames_per_second'] is None
    assert [one['name'] for one in report['targets']] == [
        'parts_right', 'belt_speed_of_rated', 'unsafe_commands']
    assert 'target     ok   parts_right 1 (of ' in capsys.readouterr().out
