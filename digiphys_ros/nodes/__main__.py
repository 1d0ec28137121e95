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

"""
The executables: ``python -m digiphys_ros.nodes camera``, and those that `ros2 run` starts.

A package that does not load ends the process with one sentence, its fix, and code 2.
"""

from contextlib import redirect_stderr, suppress
from importlib import import_module
import io
import os
import sys

from digiphys_ros.missing import explain_import_error
from digiphys_ros.ros.supervision.output_relay import SHOW_ALL

EXECUTABLES = ('camera', 'classifier', 'gate', 'gazebo_adapter', 'pipeline', 'policy', 'sim',
               'triage')
"""The names, as in resource/executables."""


def start(name: str) -> None:
    """Run one executable, as this process."""
    written = io.StringIO()
    try:
        # NumPy prints a page about a module that was built for another NumPy
        with redirect_stderr(written):
            module = import_module(f'digiphys_ros.nodes.{name}')
            if name == 'sim':
                # its application loads OpenCV only when it is configured, too late for this check
                import_module('cv2')
    except ImportError as error:
        if os.environ.get(SHOW_ALL):
            raise
        sys.stderr.write(f'{name}: {"; fix: ".join(explain_import_error(error))}\n')
        sys.exit(2)
    if written.getvalue():
        # a closed pipe or a full disk blocks nothing
        with suppress(OSError, ValueError):
            sys.stderr.write(written.getvalue())
    module.main()


def main() -> None:
    """Run the executable named on the command line."""
    if sys.argv[1:2] == [] or sys.argv[1] not in EXECUTABLES:
        sys.exit('usage: python -m digiphys_ros.nodes NODE ..., with NODE '
                 f'{", ".join(EXECUTABLES)}')
    name = sys.argv.pop(1)
    # the name of its log file
    sys.argv[0] = name
    start(name)


if __name__ == '__main__':
    main()
