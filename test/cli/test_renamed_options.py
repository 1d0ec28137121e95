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

from digiphys_ros.cli.main import main
from digiphys_ros.cli.renamed_options import rename_options, RENAMED
from digiphys_ros.errors import UsageError
from digiphys_ros.renamed import RenamedWarning
import pytest

PAIRS = [(subcommand, old, new) for subcommand, names in RENAMED.items()
         for old, new in names.items()]


@pytest.mark.parametrize(('subcommand', 'old', 'new'), PAIRS)
def test_rename_options_old_option_becomes_the_new_one_with_a_warning(subcommand, old, new):
    with pytest.warns(RenamedWarning, match=f'"{old}".*"{new}"'):
        assert rename_options(subcommand, [subcommand, 'x', old, '1']) == [
            subcommand, 'x', new, '1']
    with pytest.warns(RenamedWarning):
        assert rename_options(subcommand, [subcommand, f'{old}=1']) == [subcommand, f'{new}=1']


@pytest.mark.parametrize(('subcommand', 'old', 'new'), PAIRS)
def test_rename_options_both_names_raise(subcommand, old, new):
    with pytest.raises(UsageError, match=f'{old}.*{new}.*remove {old}'):
        rename_options(subcommand, [subcommand, old, '1', f'{new}=2'])


def test_rename_options_of_another_subcommand_stay():
    assert rename_options('tune', ['tune', '--work', 'x']) == ['tune', '--work', 'x']


def test_main_old_option_works_with_one_line(capsys):
    assert main(['data', 'inspect', 'nothing.npz', '--alike', '0.9']) == 2
    lines = capsys.readouterr().err.splitlines()
    assert '--similarity' in lines[0] and 'nothing.npz' in lines[1]
