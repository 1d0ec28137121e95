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

"""``digiphys bench``: measure the pipeline on this machine."""

import argparse
import runpy
from typing import Any

from digiphys_ros.errors import UsageError
from digiphys_ros.resources import share_dir


def add_parser(subparsers: Any) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        'bench', help='measure latency, frames, start and memory of the pipeline',
        description='Run the nodes as processes over DDS on this machine and measure frames '
                    'received, capture-to-command latency against its floor, start and memory.')
    parser.add_argument('--json', metavar='FILE', help='write the figures; - is standard output')
    parser.add_argument('--seconds', type=float, default=6.0, metavar='N',
                        help='length of one measurement (%(default)s)')
    parser.add_argument('--rounds', type=int, default=3, metavar='N',
                        help='interleaved rounds, of which medians are taken (%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Run the benchmark that lies beside the package."""
    if not arguments.seconds >= 2 or arguments.rounds < 1:
        raise UsageError('--seconds must be at least 2 and --rounds at least 1, received '
                         f'{arguments.seconds} and {arguments.rounds}.')
    script = share_dir() / 'benchmarks' / 'pipeline.py'
    return int(runpy.run_path(str(script))['main'](arguments))
