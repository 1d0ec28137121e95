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
from types import ModuleType, SimpleNamespace

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module, on a machine that meets all requirements."""
    monkeypatch.syspath_prepend(str(TOOLS))
    module = import_module('machine')
    monkeypatch.setattr(module.platform, 'machine', lambda: 'x86_64')
    monkeypatch.setattr(module, 'find_spec', lambda name: True)
    monkeypatch.setattr(module.shutil, 'which', lambda tool: f'/usr/bin/{tool}')
    monkeypatch.setattr(module.shutil, 'disk_usage', lambda path: SimpleNamespace(free=20e9))
    monkeypatch.setattr(module, '_loads', lambda library: True)
    monkeypatch.setattr(module.sysconfig, 'get_path', lambda name: str(TOOLS))
    monkeypatch.setattr(module, 'PYTHON_HEADER', 'machine.py')
    return module


def test_problems_on_complete_machine_is_empty(machine: ModuleType, tmp_path: Path) -> None:
    assert machine.problems(tmp_path) == []


def test_problems_of_missing_packages_end_with_one_command(
        machine: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, 'find_spec', lambda name: None)
    monkeypatch.setattr(machine.shutil, 'which', lambda tool: None)
    monkeypatch.setattr(machine, '_loads', lambda library: False)
    monkeypatch.setattr(machine, 'PYTHON_HEADER', 'nowhere.h')
    *sentences, command = machine.problems(tmp_path)
    assert len(sentences) == 5
    packages = command.split('apt-get install ')[1].split()
    assert {'build-essential', 'libgl1', 'libglib2.0-0'} < set(packages)
    assert {package.split('-')[-1] for package in packages} > {'venv', 'dev'}


@pytest.mark.parametrize(('patch', 'sentence'), [
    (('PYTHONS', ((3, 98), (3, 99))), 'Choose another one with make PYTHON='),
    (('NEEDED_BYTES', 1e15), '20.0 GB free'),
])
def test_problems_without_a_package_to_install_name_the_fix(
        patch: tuple[str, object], sentence: str, machine: ModuleType,
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, *patch)
    [problem] = machine.problems(tmp_path)
    assert sentence in problem
