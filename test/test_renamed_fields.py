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
import re

from digiphys_ros import renamed_fields
from digiphys_ros.renamed import RenamedWarning
from digiphys_ros.renamed_fields import Renames
import pytest

RENAMES = Renames({'view': 'image', 'image.colour': 'image.color', 'mirror': 'tta'},
                  {'tta': {True: 'flip', False: 'none'}, 'image.crop': {'middle': 'center'}})


@pytest.mark.parametrize(('old', 'new'), [
    ({'view': {'colour': 'rgb', 'crop': 'middle', 'size': 3}, 'x': 1},
     {'image': {'color': 'rgb', 'crop': 'center', 'size': 3}, 'x': 1}),
    ({'mirror': False, 'view': 7}, {'tta': 'none', 'image': 7}),
])
def test_renames_upgrade_and_downgrade_are_inverse_and_keep_the_order(old, new):
    assert list(RENAMES.upgrade(old, warn=False).items()) == list(new.items())
    assert list(RENAMES.downgrade(new).items()) == list(old.items())


@pytest.mark.parametrize('data', [
    {}, {'image': {'color': 'rgb', 'crop': ['middle']}}, {'tta': 1}, {'image': None}, None, [],
    'x', {'colour': 'rgb'}])
def test_renames_upgrade_leaves_other_data_as_it_is(data, recwarn):
    assert RENAMES.upgrade(data) == data
    assert not recwarn.list


def test_renames_upgrade_warns_once_of_each_old_name_and_changes_a_copy():
    data = {'view': {'colour': 'rgb'}, 'mirror': True}
    with pytest.warns(RenamedWarning) as warned:
        RENAMES.upgrade(data)
    assert [re.findall('"([^"]*)"', str(one.message)) for one in warned] == [
        ['view', 'image'], ['view.colour', 'image.color'], ['mirror: true', 'tta: flip']]
    assert data == {'view': {'colour': 'rgb'}, 'mirror': True}


@pytest.mark.parametrize(('data', 'names'), [
    ({'view': {}, 'image': {}}, 'has both `image` and `view`'),
    ({'image': {'colour': 'rgb', 'color': 'rgb'}},
     'has both `image.color` and `image.colour`'),
    ({'view': {'colour': 'rgb', 'color': 'rgb'}},
     'has both `image.color` and `view.colour`')])
def test_renames_upgrade_refuses_both_spellings_with_both_names(data, names):
    with pytest.raises(ValueError, match=names):
        RENAMES.upgrade(data, warn=False)


@pytest.mark.parametrize(('old', 'new'), [
    ('view.colour', 'image.color'), ('view.size', 'image.size'), ('mirror', 'tta')])
def test_renames_upgrade_key_warns_and_returns_the_new_key(old, new):
    with pytest.warns(RenamedWarning, match=f'"{old}".* write "{new}"'):
        assert RENAMES.upgrade_key(old) == new
    assert RENAMES.upgrade_key('viewer') == 'viewer'


def test_examples_in_docstrings_hold():
    result = doctest.testmod(renamed_fields)
    assert result.attempted
    assert not result.failed
