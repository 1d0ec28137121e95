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
"""Links, commands and examples of the documentation, and the files of the code host."""

from importlib import import_module
import json
from pathlib import Path
import re
import shlex
from textwrap import dedent
from typing import Any

import cv2
import digiphys_ros as dp
from digiphys_ros.cli.main import build_parser
from digiphys_ros.control.config import load_control
from digiphys_ros.errors import ConfigError, DatasetError
import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / 'docs'
PAGES = [*sorted(ROOT.glob('*.md')), *sorted(DOCS.rglob('*.md'))]
BLOCK = re.compile(r'^```(\w*)\n(.*?)^```', re.M | re.S)
DISTRIBUTIONS = ('humble', 'jazzy', 'kilted', 'lyrical')


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Return the anchors that mkdocs and GitHub derive from the headings of a page."""
    text = BLOCK.sub('', page.read_text(encoding='utf-8'))
    headings = re.findall(r'^#+ (.*)', text, re.M)
    return {re.sub(r'[-\s]+', '-', re.sub(r'[^\w\s-]', '', heading).strip().lower())
            for heading in headings}


@pytest.mark.parametrize('page', PAGES, ids=name_of)
def test_links_of_page_lead_to_files_and_headings(page: Path) -> None:
    text = BLOCK.sub('', page.read_text(encoding='utf-8'))
    broken = []
    for link in re.findall(r'\]\(([^)\s]+)\)', text):
        path, _, anchor = link.partition('#')
        target = (page.parent / path).resolve() if path else page
        if link.startswith(('http:', 'https:', 'mailto:')):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_relative_links_of_site_stay_in_docs() -> None:
    out = [(name_of(page), link) for page in DOCS.rglob('*.md')
           for link in re.findall(r'\]\((\.[^)\s#]+)', page.read_text(encoding='utf-8'))
           if DOCS not in (page.parent / link).resolve().parents]
    assert out == []


def commands() -> dict[str, str]:
    """Return each line of a code block that calls digiphys, with its page."""
    call = re.compile(r'^(?:\.venv/bin/)?digiphys (?!.*(?:\.\.\.|[{|]))(.*)', re.M)
    return {line: name_of(page) for page in PAGES if page.name != 'cli.md'
            for _, block in BLOCK.findall(page.read_text(encoding='utf-8'))
            for line in call.findall(block)}


@pytest.mark.parametrize(('line', 'page'), sorted(commands().items()))
def test_commands_of_docs_are_accepted_by_command_line_parser(line: str, page: str) -> None:
    words = shlex.split(line, comments=True)
    build_parser(words[:1]).parse_args(words)


def test_readme_has_at_most_200_lines_and_a_small_animation() -> None:
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    assert len(readme.splitlines()) <= 200
    image = DOCS / 'images' / 'demo.webp'
    assert f'({image.relative_to(ROOT)})' in readme
    assert image.stat().st_size < 2_000_000
    images = pytest.importorskip('PIL.Image', reason='Pillow reads the animation')
    assert images.open(image).n_frames > 20


def test_python_example_of_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                       capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    [example] = [block for kind, block in BLOCK.findall(readme) if kind == 'python']
    monkeypatch.chdir(tmp_path)
    cv2.imwrite('sign.png', np.zeros((64, 64, 3), np.uint8))
    exec(example, {})
    assert capsys.readouterr().out == 'not recognised\n'


def test_dataset_reader_of_guide_reads_a_folder(tmp_path: Path) -> None:
    page = (DOCS / 'how-to' / 'add-a-dataset-reader.md').read_text(encoding='utf-8')
    names: dict[str, Any] = {}
    exec(dedent(page.partition('```python\n')[2].partition('    ```')[0]), names)
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((4, 6, 3), np.uint8))
    (tmp_path / 'annotations.json').write_text(json.dumps({
        'images': [{'id': 7, 'file_name': 'a.png'}], 'categories': [{'id': 3, 'name': 'dog'}],
        'annotations': [{'image_id': 7, 'category_id': 3}]}))
    data = names['open_coco'](f'coco:{tmp_path}', None)
    assert (data.labels, list(data.classes), data.read(0).shape) == (('dog',), [0], (4, 6, 3))
    with pytest.raises(DatasetError, match='nowhere'):
        names['open_coco']('coco:nowhere', None)


def test_every_image_of_docs_is_small_and_used() -> None:
    text = ''.join(page.read_text(encoding='utf-8') for page in PAGES)
    for image in (DOCS / 'images').iterdir():
        assert image.stat().st_size < 2_000_000
        assert f'images/{image.name})' in text


@pytest.fixture
def tutorial_blocks() -> list[tuple[str, str]]:
    """Return the code blocks of the tutorial on rules, each with its language."""
    return BLOCK.findall((DOCS / 'tutorials' / 'my-rules.md').read_text(encoding='utf-8'))


def test_rules_of_tutorial_load(tutorial_blocks: list[tuple[str, str]], tmp_path: Path) -> None:
    path = tmp_path / 'my_rules.yaml'
    path.write_text('\n'.join(block for kind, block in tutorial_blocks if kind == 'yaml'))
    assert [rule.name for rule in load_control(path).rules] == [
        'halt', 'cruise', 'unsure', 'careful']


def test_error_message_of_rules_tutorial_is_that_of_the_code(
        tutorial_blocks: list[tuple[str, str]], tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path('my_rules.yaml')
    rules = '\n'.join(block for kind, block in tutorial_blocks if kind == 'yaml')
    path.write_text(rules.replace('linear.x: 0.5', 'linear.x: 0.9'))
    [quoted] = [block for _, block in tutorial_blocks if block.startswith(f'{path}:')]
    with pytest.raises(ConfigError) as raised:
        load_control(path)
    assert quoted == f'{raised.value}\n'


def test_navigation_has_every_page_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    hook = import_module('docs_hook')
    config = yaml.safe_load((ROOT / 'mkdocs.yml').read_text())
    pages = list(hook.pages(hook.expand(config['nav'], DOCS)))
    assert sorted(pages) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob('*.md'))


def test_python_page_lists_every_public_name() -> None:
    text = (DOCS / 'reference' / 'python.md').read_text(encoding='utf-8')
    names = re.findall(r'^::: ([\w.]+)$', text, re.M)
    assert {name.rpartition('.')[2] for name in names} >= {*dp.__all__} - {'__version__'}
    for name in names:
        module, _, attribute = name.rpartition('.')
        assert hasattr(import_module(module), attribute), name


def test_docs_packages_are_pinned_and_equal_for_pip_and_make() -> None:
    makefile = (ROOT / 'Makefile').read_text()
    [named] = re.findall(r'^DOCS := (.*)', makefile, re.M)
    assert f"'docs': {shlex.split(named)!r}" in (ROOT / 'setup.py').read_text()
    pinned = (ROOT / 'constraints.txt').read_text()
    for package in shlex.split(named):
        assert f'\n{package.partition("[")[0]}==' in pinned


@pytest.mark.parametrize('distribution', DISTRIBUTIONS)
def test_dockerfiles_differ_only_in_distribution(distribution: str) -> None:
    text = (ROOT / 'docker' / f'{distribution}.Dockerfile').read_text()
    first = (ROOT / 'docker' / f'{DISTRIBUTIONS[0]}.Dockerfile').read_text()
    assert f'FROM ros:{distribution}-ros-base' in text
    assert text.replace(distribution, DISTRIBUTIONS[0]) == first


def test_files_of_code_host_are_valid() -> None:
    for path in [*ROOT.glob('.github/**/*.yml'), ROOT / '.pre-commit-config.yaml',
                 ROOT / '.hadolint.yaml', ROOT / 'CITATION.cff', ROOT / 'mkdocs.yml']:
        assert isinstance(yaml.safe_load(path.read_text()), dict), path
    container = json.loads((ROOT / '.devcontainer' / 'devcontainer.json').read_text())
    dockerfile = ROOT / '.devcontainer' / container['build']['dockerfile']
    assert f'AS {container["build"]["target"]}\n' in dockerfile.read_text()
