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

import subprocess
import sys

from digiphys_ros.errors import EngineError
from digiphys_ros.registry import Registry
from digiphys_ros.resources import share_dir
import pytest

GROUP = 'digiphys_test.shapes'


@pytest.fixture
def shapes():
    return Registry(GROUP, 'shape', {'fraction': 'fractions:Fraction'}, needs=('__call__',),
                    error=EngineError)


@pytest.fixture
def install(add_package):
    """Return a function that installs a package with these entry points."""
    return lambda package, *entries, **others: add_package(package, GROUP, *entries, **others)


def test_registry_built_in_part_is_imported_on_first_use(shapes):
    assert 'fraction' in shapes
    assert list(shapes) == ['fraction']
    assert shapes['fraction'](1, 2) + 0.5 == 1


def test_registry_part_of_another_package_is_found_by_entry_point(shapes, install):
    install('circles', 'circle = circles:Circle.round',
            source='class Circle:\n    def round(): return "o"\n')
    assert 'circle' in shapes
    assert list(shapes) == ['fraction', 'circle']
    assert shapes['circle']() == 'o'
    assert [name for name, _ in shapes.usable_plugins()] == ['circle']
    assert shapes.problems() == []


def test_registry_unknown_name_lists_the_allowed_ones(shapes, install):
    install('circles', 'circle = math:sqrt')
    assert 'square' not in shapes
    with pytest.raises(EngineError, match=r'^shape "circel" is unknown, allowed are fraction, '
                       r'circle \(did you mean circle\?\)\.$'):
        shapes['circel']


@pytest.mark.parametrize(('entry', 'reason'), [
    ('circle = no_such_module:Circle', 'cannot be imported from no_such_module:Circle: ModuleNot'),
    ('circle = math:no_such_name', 'cannot be imported from math:no_such_name: AttributeError'),
    ('circle = math', 'module:attribute is needed'),
    ('circle = leaves_at_import:Circle', 'SystemExit: not licensed; repair or uninstall'),
    ('circle = fails_at_import:Circle', 'RuntimeError: in two lines; repair or uninstall'),
    ('circle = math:pi', 'math:pi lacks __call__, which each shape must have'),
    ('Two Words = math:sqrt', 'needs a name of lower-case letters'),
    ('fraction = math:sqrt', 'has the name of a built-in one'),
])
def test_registry_unusable_package_is_named_and_the_rest_works(
        shapes, install, tmp_path, monkeypatch, entry, reason):
    (tmp_path / 'leaves_at_import.py').write_text('raise SystemExit("not licensed")')
    (tmp_path / 'fails_at_import.py').write_text('raise RuntimeError("in two\\nlines")')
    monkeypatch.syspath_prepend(str(tmp_path))
    install('broken', entry)
    install('squares', 'square = math:sqrt')
    name = entry.partition(' =')[0]
    problem, = shapes.problems()
    assert problem.startswith(f'shape "{name}" of package broken')
    assert reason in problem
    assert '\n' not in problem
    assert [name for name, _ in shapes.usable_plugins()] == ['square']
    assert shapes['square'](4) == 2
    if name != 'fraction':
        with pytest.raises(EngineError, match='^shape "' + name):
            shapes[name]
    else:
        assert shapes['fraction'](1, 2) == 0.5


def test_registry_name_of_two_packages_is_refused(shapes, install):
    install('circles', 'circle = math:sqrt')
    install('rounds', 'circle = math:exp')
    sentence = r'^shape "circle" of package circles and package rounds has one name in several'
    with pytest.raises(EngineError, match=sentence):
        shapes['circle']
    assert len(shapes.problems()) == 1
    assert list(shapes.usable_plugins()) == []


def test_registry_damaged_metadata_keeps_the_built_in_parts(shapes, install):
    install('broken', 'no equals sign')
    assert shapes['fraction'](1, 2) == 0.5
    try:
        names = list(shapes)
    except EngineError as error:
        assert 'cannot be read' in str(error)
    else:  # newer Python passes over the line
        assert names == ['fraction']


def test_registry_built_in_name_reads_no_entry_points():
    script = ('import sys; from digiphys_ros.registry import Registry;'
              'shapes = Registry("g", "shape", {"fraction": "fractions:Fraction"});'
              'assert "fractions" not in sys.modules;'
              'assert "fraction" in shapes; shapes["fraction"];'
              'print("importlib.metadata" in sys.modules)')
    result = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True,
                            cwd=share_dir(), check=True)
    assert result.stdout.strip() == 'False'
