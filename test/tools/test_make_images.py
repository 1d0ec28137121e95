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

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
DOCS = TOOLS.parent / 'docs'


@pytest.fixture
def make_images(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return import_module('make_images')


def test_applications_page_shows_image_of_every_application(make_images: ModuleType) -> None:
    page = (DOCS / 'applications.md').read_text(encoding='utf-8')
    shipped = {path.parent.name for path in
               (TOOLS.parent / 'digiphys_ros' / 'applications').glob('*/__init__.py')}
    assert shipped <= {*make_images.image_names()}
    for folder in shipped:
        assert f'(images/{folder}.webp)' in page
        assert (DOCS / 'images' / f'{folder}.webp').is_file()


def test_main_with_unknown_image_exits_with_2(make_images: ModuleType,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    assert make_images.main(['weather']) == 2
    assert 'weather' in capsys.readouterr().err
