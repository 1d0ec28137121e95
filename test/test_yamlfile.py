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


from digiphys_ros.errors import ConfigError
from digiphys_ros.yamlfile import load_yaml
from hypothesis import given, strategies as st
from pydantic import BaseModel, ConfigDict
import pytest


class Part(BaseModel):
    model_config = ConfigDict(extra='forbid')
    size: int


class Whole(BaseModel):
    model_config = ConfigDict(extra='forbid')
    name: str
    parts: list[Part] = []
    table: dict[str, Part] = {}


def load(folder, text):
    path = folder / 'a.yaml'
    path.write_text(text)
    return load_yaml(path, Whole)


def test_load_yaml_reads_a_file(tmp_path):
    whole = load(tmp_path, 'name: a\nparts: [{size: 1}, {size: 2}]\n')
    assert [part.size for part in whole.parts] == [1, 2]


@pytest.mark.parametrize(('text', 'line', 'words'), [
    ('parts: []\n', 1, ['`name`', 'required']),
    ('name: a\nparts:\n  - size: 1\n  - size: big\n', 4, ['`parts.1.size`', "'big'"]),
    ('name: a\nparts:\n  - size: 1\n  -\n    wight: 2\n    size: 1\n', 5,
     ['wight', 'there is no such field', '2']),
    ('name: a\ntable:\n  b: {size: 1}\n  c:\n    size: []\n', 5, ['`table.c.size`', '[]']),
    ('name: a\ntable:\n  b: {}\n', 3, ['`table.b.size`', 'required']),
    ('name: a\nname: b\n', 2, ['`name`', 'already given']),
    ('name: a\ntable:\n  b: {size: 1, size: 2}\n', 3, ['`size`', 'already given']),
    ('name: [\n', 2, ['not valid YAML']),
    ('name: a\n  b: c\n', 2, ['not valid YAML']),
    ('name: a\nparts: !!python/object/apply:os.getcwd []\n', 2, ['not valid YAML', 'os.getcwd']),
    ('- name\n', 1, ['a mapping', "['name']"]),
    ('', 1, ['a mapping', 'None']),
])
def test_load_yaml_error_names_file_line_and_field(tmp_path, text, line, words):
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text)
    assert f'{tmp_path}/a.yaml:{line}: ' in str(refused.value)
    assert '\n' not in str(refused.value)
    for word in words:
        assert word in str(refused.value)


def test_load_yaml_reports_every_problem_at_once(tmp_path):
    with pytest.raises(ConfigError, match=r'a\.yaml:1: .*`name`.*; .*a\.yaml:2: .*`parts`'):
        load(tmp_path, 'name: []\nparts: 3\n')


@pytest.mark.parametrize('text', ['name: 2001-99-99\n', 'name: "\x01"\n', '? [a]\n: b\n',
                                  'name: *nowhere\n'])
def test_load_yaml_invalid_value_is_one_sentence(tmp_path, text):
    with pytest.raises(ConfigError, match='not valid YAML'):
        load(tmp_path, text)


def test_load_yaml_node_that_contains_itself_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r'a\.yaml:2: this value contains itself'):
        load(tmp_path, 'name: a\ntable: &loop\n  b: *loop\n')


@pytest.mark.parametrize('name', ['missing.yaml', '.'])
def test_load_yaml_unreadable_file_is_reported(tmp_path, name):
    with pytest.raises(ConfigError, match='cannot be read'):
        load_yaml(tmp_path / name, Whole)


def test_load_yaml_binary_file_is_reported(tmp_path):
    (tmp_path / 'b.yaml').write_bytes(b'name: \xff\xfe')
    with pytest.raises(ConfigError, match='cannot be read'):
        load_yaml(tmp_path / 'b.yaml', Whole)


@given(st.text(alphabet='ab:-[]{}&*!? \n\'"#|>%@,0.~<', max_size=40))
def test_load_yaml_any_text_is_read_or_refused(tmp_path_factory, text):
    try:
        load(tmp_path_factory.getbasetemp(), text)
    except ConfigError as error:
        assert 'a.yaml' in str(error)
