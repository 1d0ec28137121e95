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

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.mark.field('pypa/virtualenv #457', 'a path with non-ASCII letters')
def test_build_in_non_ascii_path_gives_cmake_ascii_source_paths(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    module = import_module('build_vision_msgs')
    commands: list[list[str]] = []

    def run(words: list[object], environment: object = None) -> str:
        commands.append([str(word) for word in words])
        if '-S' in words:
            assert (Path(commands[-1][2]) / 'package.xml').exists()
        return '/headers\n/numpy\nlib'
    monkeypatch.setattr(module, '_run', run)
    prefix = tmp_path / 'g\u00fcn'
    module.build(prefix)
    configure = next(words for words in commands if '-S' in words)
    # rosidl splits lists of these at such letters
    assert configure[configure.index('-S') + 1].isascii()
    assert configure[configure.index('-B') + 1].isascii()
    assert f'-DCMAKE_INSTALL_PREFIX={prefix}' in configure
