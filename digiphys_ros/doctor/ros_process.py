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

"""Inspect the running graph in a separate process, as ROS may terminate it at its start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
import re
import subprocess
import sys
import tempfile
from typing import Any

from digiphys_ros.doctor.finding import Finding
from digiphys_ros.missing import explain_import_error
from digiphys_ros.ros.transport.distro import ros_distro
from digiphys_ros.ros.transport.environment import listening_environment

PATIENCE_S = 40.0
"""Time allowed in addition to listening; a busy machine starts slowly."""

COLOR = re.compile(r'\x1b\[[0-9;]*m')


@dataclass(frozen=True)
class GraphLook:
    """
    The result of inspecting the running graph.

    :ivar chain: the links from image to actuator, as objects for JSON.
    :ivar running: parameters of running nodes: ``rules`` and ``bundle`` if known.
    :ivar profiles: transport profiles of the nodes that send images, see ``graph.transport``.
    :ivar image_bytes: size of an image, 0 without images.
    """

    findings: list[Finding] = field(default_factory=list)
    chain: list[dict[str, Any]] = field(default_factory=list)
    running: dict[str, str] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    image_bytes: int = 0


def look_at_graph(request: Mapping[str, Any], environment: Mapping[str, str]) -> GraphLook:
    """
    Start ``digiphys_ros.doctor.graph.inspect`` and return what it reports.

    :param request: its arguments.
    """
    with tempfile.TemporaryDirectory(prefix='digiphys_doctor_') as logs:
        # a home folder without write permission must not end it
        child = {**listening_environment(environment), 'ROS_LOG_DIR': logs}
        try:
            done = subprocess.run(
                [sys.executable, '-m', 'digiphys_ros.doctor.graph.inspect', json.dumps(request)],
                env=child, capture_output=True, text=True, errors='replace',
                timeout=request['seconds'] + PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            return GraphLook([Finding(
                'graph', 'fail', f'ROS hangs: no answer within {error.timeout:g} s',
                'ps -eo pid,stat,args | grep -i ros  # end processes that hang (kill PID), then: '
                'digiphys doctor --fix')])
    try:
        report = json.loads(done.stdout.splitlines()[-1])
        return GraphLook([Finding(**one) for one in report['findings']], report['chain'],
                         report['running'], report['profiles'], report['image_bytes'])
    except (ValueError, LookupError, TypeError):
        return GraphLook([_failure(done.returncode, done.stderr, environment)])


def _failure(code: int, output: str, environment: Mapping[str, str]) -> Finding:
    lines = [line.strip() for line in COLOR.sub('', output).splitlines() if line.strip()]
    reason = lines[-1] if lines else 'no output'
    return Finding('graph', 'fail', f'ROS does not start here (exit code {code}): {reason}',
                   _fix(reason, environment))


def _fix(reason: str, environment: Mapping[str, str]) -> str:
    rmw = environment.get('RMW_IMPLEMENTATION', '')
    if 'RMW implementation' in reason and rmw:
        return f'unset RMW_IMPLEMENTATION  # or install it: sudo apt-get install ' \
            f'ros-{ros_distro(environment)}-{rmw.replace("_", "-")}'
    if 'ROS_DOMAIN_ID' in reason or 'domainId' in reason:
        return 'export ROS_DOMAIN_ID=0  # or up to 101, the same for all nodes; received ' \
            f'"{environment.get("ROS_DOMAIN_ID", "")}"'
    if missing := re.search(
            r"(?:ModuleNotFound|Import)Error: (?:No module named '(\w+))?", reason):
        return explain_import_error(ImportError(reason, name=missing[1]))[1]
    return 'digiphys doctor  # after fixing the error above; nodes that start here end in the ' \
        'same way'
