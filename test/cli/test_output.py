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


from argparse import Namespace
import os

from digiphys_ros.cli.main import main
from digiphys_ros.cli.output import check_targets
from digiphys_ros.errors import UsageError
import pytest

DATA = ['--data', 'nowhere.npz']
TUNE = ['tune', 'mlp', *DATA, '--study', 's.db']


@pytest.mark.parametrize('words', [
    ['train', 'mlp', *DATA, '--out', 'b', '--json', '/nowhere/r.json'],
    ['train', 'mlp', *DATA, '--out', 'file/b'],
    ['evaluate', 'traffic_signs', *DATA, '--json', '/nowhere/r.json'],
    ['evaluate', 'traffic_signs', *DATA, '--plot', '/nowhere/r.png'],
    ['evaluate', 'traffic_signs', *DATA, '--plot', 'r.xyz'],
    ['export', 'traffic_signs', *DATA, '--json', '/nowhere/r.json'],
    ['export', 'traffic_signs', *DATA, '--out', 'file/b'],
    [*TUNE, '--out', '/nowhere/best.yaml'],
    [*TUNE, '--out', 'best.yaml', '--plot', '/nowhere/r.png'],
    [*TUNE, '--out', 'best.yaml', '--json', '.'],
    ['baseline', *DATA, '--json', '/nowhere/r.json'],
    ['bench', '--json', '/nowhere/r.json'],
    ['bench', '--out', 'file/b'],
    ['sim', 'run', 'traffic_signs', '--json', '/nowhere/r.json'],
    ['sim', 'run', 'traffic_signs', '--out', 'file/b'],
])
def test_check_targets_unwritable_result_is_refused(tmp_path, monkeypatch, capsys,
                                                    words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'file').write_text('')
    assert main(words) == 2
    output = capsys.readouterr().err
    # the data are not there either, and nobody has come to see it
    assert output.startswith(f'digiphys: {" ".join(words[-2:])}: cannot be written: ')
    assert output.count('\n') == 1
    assert os.listdir(tmp_path) == ['file']


def test_check_targets_writable_result_passes_without_being_created(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_targets(Namespace(json='r.json', plot='r.png', out='a/b/c'), ['json', 'plot'], ['out'])
    check_targets(Namespace(json='-', plot=None, out=str(tmp_path)), ['json', 'plot'], ['out'])
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write anywhere')
def test_check_targets_file_without_permission_is_refused(tmp_path):
    (tmp_path / 'r.json').touch(mode=0o400)
    with pytest.raises(UsageError, match=r'r\.json: cannot be written: Permission denied'):
        check_targets(Namespace(json=str(tmp_path / 'r.json')), ['json'])
