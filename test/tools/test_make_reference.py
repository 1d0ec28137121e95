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
from pathlib import Path
from types import ModuleType

from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from pydantic import BaseModel, Field
import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
REFERENCE = TOOLS.parent / 'docs' / 'reference'


@pytest.fixture
def make_reference(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return import_module('make_reference')


@pytest.mark.parametrize('page', sorted(path.name for path in REFERENCE.glob('*.md')))
def test_reference_page_is_up_to_date(make_reference: ModuleType, page: str) -> None:
    text = (REFERENCE / page).read_text(encoding='utf-8')
    assert text == make_reference.regenerate(text), 'run: make reference'


def test_every_generated_part_is_on_a_page(make_reference: ModuleType) -> None:
    pages = ''.join(path.read_text(encoding='utf-8') for path in REFERENCE.glob('*.md'))
    assert {found[1] for found in make_reference.PART.findall(pages)} == {*make_reference.PARTS}


class Bounds(BaseModel):
    """Prose with a ``name``."""

    low: float = Field(0.5, ge=0, lt=1)
    high: list[int] | None = None
    both: str = Field(description='A | B')


def test_keys_of_model_lists_fields_and_bounds(make_reference: ModuleType) -> None:
    assert make_reference.keys(Bounds).splitlines() == [
        '### Bounds', '', 'Prose with a `name`.', '',
        '| key | type | default | meaning |', '|---|---|---|---|',
        '| `low` | number >= 0, &lt; 1 | `0.5` |  |',
        '| `high` | list of integers or null | `null` |  |',
        r'| `both` | string | required | A \| B |']


def test_docstring_of_google_style_gives_attributes(make_reference: ModuleType) -> None:
    text = 'Prose.\n\nAttributes:\n    low (float): the lowest\n        value.\n    high: other.\n'
    assert make_reference._docstring(text) == (
        'Prose.', {'low': 'the lowest value.', 'high': 'other.'})


def test_keys_of_model_reads_sphinx_docstring(make_reference: ModuleType) -> None:
    rows = make_reference.keys(PreprocessSpec)
    assert '| `roi` | list of 4 numbers >= 0, &lt;= 1 or null | `null` | region' in rows
