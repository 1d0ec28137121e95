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

"""Examples in docstrings run, and every name of the Python API has one."""

import doctest
from importlib import import_module
import inspect
import re

from digiphys_ros.control.gate import Gate
from digiphys_ros.control.policy import Policy
from digiphys_ros.resources import share_dir
import pytest

ROOT = share_dir()
MODULES = sorted(
    '.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')
    for path in (ROOT / 'digiphys_ros').rglob('*.py')
    if '>>> ' in path.read_text(encoding='utf-8'))
PUBLIC = re.findall(r'^::: (\S+)$',
                    (ROOT / 'docs/reference/python.md').read_text(encoding='utf-8'), re.M)


@pytest.mark.parametrize('name', MODULES)
def test_examples_of_a_module_run(name):
    result = doctest.testmod(import_module(name))
    assert result.attempted and not result.failed


@pytest.mark.parametrize('name', PUBLIC)
def test_public_name_has_an_example_that_runs(name):
    module, _, name = name.rpartition('.')
    assert '>>> ' in inspect.getdoc(getattr(import_module(module), name))
    assert module in MODULES


GATE = 'submit step shutdown_output reset estop fault start_over lease_ends_in_s images_ahead_s ' \
    'tolerate'


@pytest.mark.parametrize(('owner', 'name'), [
    *((Gate, name) for name in GATE.split()), (Policy, 'update')])
def test_method_of_the_control_api_documents_its_parameters_and_result(owner, name):
    method = getattr(owner, name)
    signature, text = inspect.signature(method), inspect.getdoc(method)
    for parameter in set(signature.parameters) - {'self'}:
        assert f':param {parameter}: ' in text
    assert (signature.return_annotation is None) == (':return: ' not in text)
