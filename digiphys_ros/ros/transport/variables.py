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

"""Check the environment variables that ROS reads, before ROS ends a process because of them."""

from collections.abc import Mapping
import os
from pathlib import Path
import subprocess
import sys
import tempfile

from digiphys_ros.errors import ConfigError

HIGHEST_DOMAIN = 232
"""Above it the ports of DDS exceed 65535."""
WITHOUT_LOG_FILE = ['--ros-args', '--disable-external-lib-logs']
"""Arguments for rcl, which blocks every thread while it writes its log file."""
TRY_RMW = 'import rclpy; rclpy.get_rmw_implementation_identifier()'


def check_environment(environment: Mapping[str, str]) -> None:
    """
    Check variables that would make ROS end the process or print pages.

    :raises ConfigError: naming the variable, its value and the allowed values.
    """
    domain = environment.get('ROS_DOMAIN_ID', '')
    if domain and not (domain.isascii() and domain.isdecimal()
                       and int(domain) <= HIGHEST_DOMAIN):
        raise ConfigError(f'ROS_DOMAIN_ID: a number from 0 to {HIGHEST_DOMAIN} is needed, '
                          f'received {domain!r:.80}.')
    stdout = environment.get('RCUTILS_LOGGING_USE_STDOUT', '')
    if stdout not in ('', '0', '1'):
        raise ConfigError('RCUTILS_LOGGING_USE_STDOUT: 0 or 1 is needed, received '
                          f'{stdout!r:.80}.')


def check_middleware(environment: Mapping[str, str]) -> None:
    """
    Check in another process that the chosen RMW can be loaded: on failure ROS ends the process.

    :raises ConfigError: naming the variable and the reason.
    """
    chosen = environment.get('RMW_IMPLEMENTATION')
    if not chosen or 'rclpy' in sys.modules:
        return
    tried = subprocess.run([sys.executable, '-c', TRY_RMW], env=dict(environment),
                           capture_output=True, text=True, errors='replace')
    if tried.returncode:
        raise ConfigError(f'RMW_IMPLEMENTATION: {chosen} cannot be loaded: install the package '
                          f'ros-DISTRO-{chosen.replace("_", "-")}, or unset the variable.')


def ros_home() -> Path:
    """Return the folder of ROS's files; in the root folder if this user has no home."""
    folder = os.path.expanduser(os.environ.get('ROS_HOME') or os.path.join('~', '.ros'))
    return Path('/.ros' if folder.startswith('~') else folder)


def find_log_folder() -> tuple[Path, str]:
    """
    Make rcl log to a temporary folder if its own cannot be written; it would end the process.

    :return: the folder, and a line about the change, empty if there was none.
    """
    chosen = os.environ.get('ROS_LOG_DIR')
    folder = Path(os.path.expanduser(chosen)) if chosen else ros_home() / 'log'
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            if not os.environ.get('HOME'):
                # rcl does not ask the system for the home folder
                os.environ['ROS_LOG_DIR'] = str(folder)
            return folder, ''
    except OSError as error:
        other = os.environ['ROS_LOG_DIR'] = tempfile.mkdtemp(prefix='digiphys_ros_log_')
        return Path(other), (f'log folder {folder} cannot be written ({error}): logging to '
                             f'{other}; set ROS_LOG_DIR to another folder\n')
