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

"""Start the middleware; report its errors in one sentence instead of a traceback."""

from collections.abc import Sequence
import os
import re
import sys

from digiphys_ros.errors import ConfigError
from digiphys_ros.ros.transport.variables import check_environment, find_log_folder
import rclpy
from rclpy.context import Context
from rclpy.logging import (  # type: ignore[attr-defined]
    get_logger_level,
    LoggingSeverity,
    set_logger_level,
)
from rclpy.signals import SignalHandlerOptions


def start_middleware(arguments: Sequence[str], context: Context | None = None) -> None:
    """
    Call ``rclpy.init`` without its signal handlers.

    :param arguments: the command line, with its first word.
    :raises ConfigError: for an environment or arguments that ROS refuses.
    """
    check_environment(os.environ)
    sys.stderr.write(find_log_folder()[1])
    # rcl would also log its failure; the sentence below gives the reason
    before = get_logger_level('rcl')
    set_logger_level('rcl', LoggingSeverity.FATAL)
    try:
        rclpy.init(args=list(arguments), context=context,
                   signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        raise ConfigError(f'ROS refuses to start: {reason_of_ros(error)}') from error
    finally:
        if get_logger_level('rcl') == LoggingSeverity.FATAL:
            set_logger_level('rcl', LoggingSeverity(before))


def check_arguments(arguments: Sequence[str]) -> None:
    """
    Check arguments with ROS itself, as at the start of a node.

    :param arguments: arguments without ``--ros-args``.
    :raises ConfigError: when ROS refuses them.
    """
    context = Context()
    start_middleware(['--ros-args', *arguments], context)
    context.try_shutdown()


def check_remap(rule: str) -> None:
    """
    Check a remap rule with ROS itself.

    :raises ConfigError: when ROS refuses it, with examples.
    """
    # checked first: it has its own errors
    check_environment(os.environ)
    try:
        check_arguments(['-r', rule])
    except ConfigError as error:
        raise ConfigError(f'remap {rule}: FROM:=TO is needed, with names of letters, digits, _ '
                          'and /, as image:=/camera/image_raw or '
                          'classifier:image:=/camera/image_raw.') from error


def reason_of_ros(error: Exception) -> str:
    """Return the reason from ROS in one line, without places in its source."""
    text = re.sub(r',? at /?[\w./-]+:\d+', '', ' '.join(str(error).split()))
    return text.removeprefix('failed to initialize rcl: ').rstrip('.') + '.'
