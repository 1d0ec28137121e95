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


"""The checks of words and commit subjects."""

from importlib import import_module
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture
def check_words(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    return import_module('check_words')


def test_excess_of_word_above_limit_names_a_plainer_word(check_words):
    word = check_words.Word('verily|forsooth', 1, 'again')
    assert check_words.excess([word], ['start verily\nand on', 'unverily']) == []
    [sentence] = check_words.excess([word], ['Verily', 'verily, forsooth\nforsooth'])
    assert sentence == '"verily|forsooth" is in 3 lines, at most 1 are allowed; write: again'


def test_long_subjects_lists_subjects_above_72_characters(check_words):
    assert check_words.long_subjects(['a' * 72]) == []
    assert check_words.long_subjects(['b' * 73])[0].startswith('commit subject of 73 characters')


def test_subjects_since_unknown_commit_is_empty(check_words):
    assert check_words.subjects_since('0' * 40) == []


def test_main_on_this_tree_finds_no_problem(check_words):
    if not (TOOLS.parent / '.git').exists():
        pytest.skip('no git checkout')
    assert check_words.main() == 0
