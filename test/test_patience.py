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

"""No test fails on a busy machine: limits on waiting are generous, or missing."""

import ast

from digiphys_ros.resources import share_dir
import pytest

LEAST_S = 30.0
"""A machine with four busy programs on two cores is several times slower."""
WAITS = {'wait', 'wait_for', 'poll', 'communicate', 'run', 'check_output', 'check_call', 'join',
         'until'}


def seconds_of(node):
    """Return the value of a limit, None if it is not a number."""
    return node.value if isinstance(node, ast.Constant) and isinstance(
        node.value, (int, float)) and not isinstance(node.value, bool) else None


def names_of(node):
    return {one.id if isinstance(one, ast.Name) else one.attr for one in ast.walk(node)
            if isinstance(one, (ast.Name, ast.Attribute))}


def limits(test):
    """Yield line and seconds of each limit on what a test waits for, or on the time it took."""
    for node in ast.walk(test):
        if isinstance(node, ast.Call) and names_of(node.func) & WAITS:
            yield from ((node.lineno, word.value) for word in node.keywords
                        if word.arg in ('timeout', 'timeout_s'))
            # as robot.wait(condition, what, timeout_s)
            yield from ((node.lineno, argument) for argument in node.args[2:3])
        elif isinstance(node, ast.Assert):
            # a wait that is no assertion is a pause
            yield from ((call.lineno, argument) for call in ast.walk(node.test)
                        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
                        and call.func.attr == 'wait' for argument in call.args[:1])
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Lt, ast.LtE)) and \
                names_of(node.left) & {'monotonic', 'perf_counter'}:
            yield node.lineno, node.comparators[0]
        if isinstance(node, ast.FunctionDef):
            words = node.args.args[-len(node.args.defaults):] if node.args.defaults else []
            yield from ((word.lineno, value) for word, value in zip(
                words, node.args.defaults, strict=True) if word.arg in ('timeout', 'timeout_s'))
        if isinstance(node, ast.Assign) and names_of(node.targets[0]) & {'TIMEOUT_S', 'WITHIN_S'}:
            yield node.lineno, node.value


def test_hypothesis_has_no_limit_for_an_example():
    hypothesis = pytest.importorskip('hypothesis')
    assert hypothesis.settings.default.deadline is None


def test_limits_of_tests_are_generous():
    found = [(path.name, line, value)
             for path in sorted((share_dir() / 'test').rglob('*.py'))
             for line, limit in limits(ast.parse(path.read_text()))
             for value in [seconds_of(limit)] if value is not None]
    assert len(found) > 20
    assert not [one for one in found if one[2] < LEAST_S]
