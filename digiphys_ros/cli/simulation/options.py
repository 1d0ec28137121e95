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
"""Options that are common to subcommands of ``digiphys sim``."""

import argparse
from collections.abc import Callable

LONGEST_S, ALLOWED_S = 300.0, 86400.0


def add_application(parser: argparse.ArgumentParser) -> None:
    """Add the application."""
    from digiphys_ros.applications import APPLICATIONS, find_application
    parser.add_argument('app', metavar='APP', type=find_application,
                        help=', '.join(APPLICATIONS))


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add the options of a run."""
    parser.add_argument('--seconds', type=seconds, metavar='N', default=LONGEST_S,
                        help='simulated seconds (default: until it ends, at most %(default).0f)')
    parser.add_argument('--bundle', metavar='NAME',
                        help='model bundle: a path, or a name in models/ (default: that of '
                             'the application)')
    parser.add_argument('--no-camera', action='store_true',
                        help='skip rendering and feed ground-truth labels to the policy; needs '
                             'no OpenGL')


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add the seed."""
    parser.add_argument('--seed', type=whole_number(0), default=0, metavar='N',
                        help='the same seed gives the same result (%(default)s)')


def add_jobs(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the number of parallel processes."""
    parser.add_argument('--jobs', type=whole_number(0), default=0, metavar='N',
                        help=f'{what} in parallel (default: one per core)')


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the JSON report."""
    parser.add_argument('--json', metavar='FILE', help='write the report; - is standard output')


def seconds(text: str) -> float:
    """Return a duration."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= ALLOWED_S:
        raise argparse.ArgumentTypeError(
            f'must be positive and at most {ALLOWED_S:.0f}, received {text!r:.40}')
    return value


def whole_number(least: int) -> Callable[[str], int]:
    """Return a parser of whole numbers."""
    def read(text: str) -> int:
        if not text.isdecimal() or len(text) > 9 or int(text) < least:
            raise argparse.ArgumentTypeError(
                f'must be a whole number of at least {least}, received {text!r:.40}')
        return int(text)
    return read
