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
"""Replace ``FOLDER/*`` in the navigation of mkdocs.yml by the other pages of that folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def on_config(config: Any) -> Any:
    """Replace the patterns; mkdocs calls this hook."""
    config['nav'] = expand(config['nav'], Path(config['docs_dir']))
    return config


def expand(nav: list[Any], docs: Path) -> list[Any]:
    """
    Return a navigation in which pages replace the patterns.

    :param docs: paths are relative to this folder.
    """
    named = set(pages(nav))

    def fill(entries: list[Any]) -> Iterator[Any]:
        for entry in entries:
            if isinstance(entry, dict):
                yield {title: list(fill(inner)) if isinstance(inner, list) else inner
                       for title, inner in entry.items()}
            elif entry.endswith('/*'):
                found = sorted((docs / entry[:-2]).glob('*.md'))
                yield from (page for page in (f'{entry[:-2]}/{path.name}' for path in found)
                            if page not in named)
            else:
                yield entry
    return list(fill(nav))


def pages(nav: Any) -> Iterator[str]:
    """Return the paths in a navigation."""
    if isinstance(nav, str):
        yield nav
    else:
        for inner in nav.values() if isinstance(nav, dict) else nav:
            yield from pages(inner)
