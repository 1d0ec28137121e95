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
import doctest

from digiphys_ros.cli import renamed_options
from digiphys_ros.cli.main import build_parser, main
from digiphys_ros.cli.renamed_options import OPTIONS, upgrade_options
from digiphys_ros.errors import UsageError
from digiphys_ros.renamed import RenamedWarning
import pytest

RENAMED = [(command, old, new) for command, options in OPTIONS.items()
           for old, new in options.items()]


@pytest.mark.parametrize(('command', 'old', 'new'), RENAMED)
@pytest.mark.parametrize('words', [['{}', '0.3'], ['{}=0.3']], ids=['space', 'equals'])
def test_old_option_warns_and_becomes_the_new_one(command, old, new, words):
    with pytest.warns(RenamedWarning, match=f'"{old}".* write "{new}"'):
        found = upgrade_options([command, 'x', *(word.format(old) for word in words)])
    assert found == [command, 'x', *(word.format(new) for word in words)]


@pytest.mark.parametrize(('command', 'old', 'new'), RENAMED)
def test_old_and_new_option_together_are_refused_with_both_names(command, old, new):
    with pytest.raises(UsageError, match=f'{new} and {old}, its deprecated name, are both given'):
        upgrade_options([command, 'x', new, '0.1', old, '0.3'])


@pytest.mark.parametrize(('command', 'old', 'new'), RENAMED)
def test_help_shows_only_the_new_option(command, old, new, capsys):
    with pytest.raises(SystemExit):
        build_parser([command]).parse_args([
            command, *(['split'] if command == 'data' else []), '--help'])
    shown = capsys.readouterr().out
    assert f'{new} ' in shown
    assert f'{old} ' not in shown.replace('--validation  ', '') or command == 'evaluate'


def test_evaluate_validation_without_a_value_is_no_old_option(recwarn):
    words = ['evaluate', '--validation', 'models/mine', '--data', 'images']
    assert upgrade_options(words) == words
    assert not recwarn.list


def test_command_line_with_an_old_option_says_so_in_one_line(tmp_path, capsys):
    assert main(['data', 'split', str(tmp_path), '--out', str(tmp_path / 's.json'),
                 '--validation', '0.3', '--val-fraction', '0.2']) == 2
    assert '--val-fraction and --validation, its deprecated name' in capsys.readouterr().err


def test_examples_in_docstrings_hold():
    result = doctest.testmod(renamed_options)
    assert result.attempted
    assert not result.failed
