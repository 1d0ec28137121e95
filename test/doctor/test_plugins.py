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

from digiphys_ros.doctor.plugins import check_plugins, REGISTRIES
import pytest


@pytest.mark.parametrize('group', REGISTRIES)
def test_registries_cover_every_group_and_built_in_part(group):
    module, name = REGISTRIES[group]
    registry = getattr(import_module(module), name)
    assert registry.group == group
    assert registry.built_in
    for one in registry.built_in:
        assert registry[one] is not None


def test_check_plugins_lists_the_added_parts(add_package):
    add_package('mine', 'digiphys_ros.networks', 'tiny = math:sqrt')
    finding = check_plugins()
    assert finding.status == 'ok'
    assert 'network tiny' in finding.found


@pytest.mark.parametrize(('group', 'entry', 'sentence'), [
    ('digiphys_ros.networks', 'tiny = no_such_module:build', 'network "tiny" of package mine'),
    ('digiphys_ros.engines', 'fast = math:sqrt', 'math:sqrt lacks engine, module, package'),
    ('digiphys_ros.engine', 'fast = math:sqrt',
     'entry points in "digiphys_ros.engine" are never used'),
])
def test_check_plugins_unusable_package_is_named(add_package, group, entry, sentence):
    add_package('mine', group, entry)
    finding = check_plugins()
    assert finding.status == 'warn'
    assert sentence in finding.found and finding.fix.startswith('pip uninstall ')


@pytest.mark.parametrize('module', ['sys.exit(1)', 'raise RuntimeError("no driver")', ''])
def test_check_plugins_unusable_runtime_of_an_engine_is_named(add_package, tmp_path, module):
    add_package('mine', 'digiphys_ros.engines', 'npu_doctor = mine:NPU', source=(
        'from digiphys_ros.perception.engines.kind import EngineKind\n'
        'NPU = EngineKind("mine:E", "broken_package.runtime", "broken-package", ("onnx",))\n'))
    if module:
        (tmp_path / 'mine-site' / 'broken_package').mkdir()
        (tmp_path / 'mine-site' / 'broken_package' / '__init__.py').write_text(
            f'import sys\n{module}\n')
    finding = check_plugins()
    assert finding.status == 'warn'
    assert 'engine npu_doctor' in finding.found and 'broken-package' in finding.found
