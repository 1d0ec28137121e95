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

from digiphys_ros.bundles import load_bundle
from digiphys_ros.errors import EngineError
from digiphys_ros.perception import create_engine
from digiphys_ros.perception.engines import factory
from digiphys_ros.resources import share_dir
import pytest

SOURCE = """
from digiphys_ros.perception.engines.kind import EngineKind

class Engine:
    name, device, tolerance = 'npu', 'NPU', 0.001

    def __init__(self, bundle, threads):
        self.spec, self.threads = bundle.spec, threads

GOOD = EngineKind('npu_package:Engine', 'npu_package', 'npu', ('litert',))
LOST = EngineKind('npu_package:Lost', 'npu_package', 'npu', ('litert',))
BROKEN = EngineKind('npu_package:Engine', 'npu_broken_package.core', 'npu-runtime', ('litert',))
BARE = EngineKind('npu_package:Engine', 'npu_runtime.core', 'npu-runtime', ('litert',))
"""


@pytest.fixture(scope='module')
def bundle():
    return load_bundle(share_dir() / 'models' / 'intersection')


@pytest.fixture
def add(add_package):
    """Return what adds an engine under a name."""
    return lambda name, kind: add_package(
        'npu_package', 'digiphys_ros.engines', f'{name} = npu_package:{kind}', source=SOURCE)


def test_engine_of_another_package_gets_its_options(bundle, add):
    add('npu_good', 'GOOD')
    engine, why = create_engine(bundle, 'npu_good', threads=3, xla=True)
    assert (engine.threads, why) == (3, 'engine npu_good on NPU: requested')


def test_auto_prefers_a_built_in_engine(bundle, add, monkeypatch):
    add('npu_auto', 'GOOD')
    assert create_engine(bundle)[0].name != 'npu'
    monkeypatch.setattr(factory, 'find_spec', lambda module: module == 'npu_package' or None)
    engine, why = create_engine(bundle)
    assert engine.name == 'npu'
    assert 'no built-in engine can run the bundle' in why


def test_engine_of_another_package_missing_runtime_names_the_command(bundle, add):
    add('npu_bare', 'BARE')
    with pytest.raises(EngineError, match='engine npu_bare needs the package npu-runtime: pip '):
        create_engine(bundle, 'npu_bare')


@pytest.mark.parametrize('failure', ['raise RuntimeError("no driver")', 'raise SystemExit("no")'])
def test_engine_whose_runtime_fails_at_import_is_named(bundle, add, tmp_path, failure,
                                                       monkeypatch):
    add('npu_broken', 'BROKEN')
    (tmp_path / 'npu_broken_package').mkdir()
    (tmp_path / 'npu_broken_package' / '__init__.py').write_text(failure)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineError, match=r'engine npu_broken: the package npu-runtime cannot be '
                       r'imported: (RuntimeError|SystemExit): no.*; repair it: pip install'):
        create_engine(bundle, 'npu_broken')
    assert create_engine(bundle)[0].name != 'npu'
    real = factory.find_spec
    monkeypatch.setattr(factory, 'find_spec',
                        lambda module: real(module) if module.startswith('npu') else None)
    with pytest.raises(EngineError, match='no engine for it is installed'):
        create_engine(bundle)


def test_engine_import_failure_is_named_and_others_work(bundle, add):
    add('npu_lost', 'LOST')
    with pytest.raises(EngineError, match='engine "npu_lost" cannot be imported from '
                       'npu_package:Lost'):
        create_engine(bundle, 'npu_lost')
    assert create_engine(bundle, 'litert')[0].name == 'litert'
