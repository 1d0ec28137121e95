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
from digiphys_ros.cli.simulation.old_form import upgrade
from digiphys_ros.renamed import RenamedWarning
import pytest


@pytest.mark.parametrize(('old', 'new'), [
    ('sorting --seed 3', 'run sorting --seed 3'),
    ('--seed 3 sorting', 'run --seed 3 sorting'),
    ('sorting --seeds 0-19 --no-camera', 'sweep sorting --seeds 0-19 --no-camera'),
    ('sorting --seeds=0-19', 'sweep sorting --seeds=0-19'),
    ('--scenario a.yaml b.yaml --jobs 2', 'scenario a.yaml b.yaml --jobs 2'),
    ('--jobs 2 --scenario=a.yaml', 'scenario --jobs 2 a.yaml'),
    ('sorting --collect new --count 3', 'collect sorting --out new --count 3'),
    ('--collect=new sorting', 'collect --out=new sorting'),
])
def test_upgrade_old_form_gets_its_subcommand_with_a_warning(old, new):
    command = new.partition(' ')[0]
    with pytest.warns(RenamedWarning, match=f'write "digiphys sim {command} ..."'):
        assert upgrade(['sim', *old.split()]) == ['sim', *new.split()]


@pytest.mark.parametrize('words', [
    'sim', 'sim --help', 'sim run sorting', 'sim scenario --jobs 2 a.yaml', 'triage verify sim',
    '--debug sim sweep sorting'])
def test_upgrade_other_command_lines_stay_unchanged(words, recwarn):
    assert upgrade(words.split()) == words.split()
    assert not recwarn.list


def test_main_old_form_and_old_name_run_with_one_line_each(tmp_path, capsys):
    assert main(['sim', 'traffic', '--no-camera', '--seconds', '0.1', '--json', '-', '--out',
                 str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)['application'] == 'traffic_signs'
    lines = [line for line in shown.err.splitlines() if 'next release' in line]
    assert len(lines) == 2
    assert 'write "digiphys sim run ..."' in lines[0]
    assert '"traffic" is deprecated: write "traffic_signs"' in lines[1]
