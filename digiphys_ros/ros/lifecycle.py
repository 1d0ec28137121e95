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

"""Base of all nodes: parameters, lifecycle and diagnostics."""

from collections.abc import Callable, Collection, Sequence
import contextlib
import gc
import os
import sys
import traceback
from typing import Any, Generic, TypeVar

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from digiphys_ros.errors import ConfigError, DigiphysError
from digiphys_ros.fixes import configure_again
from digiphys_ros.resources import next_to_parameters
from digiphys_ros.ros.condition_log import ConditionLog, log_line
from digiphys_ros.ros.diagnostics import diagnostic_message
from digiphys_ros.ros.parameters.declaration import ParameterSet
from digiphys_ros.ros.parameters.service import PreparingParameterService
from digiphys_ros.ros.scheduling import apply_scheduling
from digiphys_ros.ros.sim_clock import SimClockNode
from digiphys_ros.ros.transport.distro import profile_in_force
from digiphys_ros.settings import NodeSettings
from rcl_interfaces.msg import SetParametersResult
from rclpy._rclpy_pybind11 import RCLError
from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]
from rclpy.duration import Duration
from rclpy.lifecycle import TransitionCallbackReturn

S = TypeVar('S', bound=NodeSettings)

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


def settle_memory() -> None:
    """
    Collect all garbage, and freeze the remaining objects.

    Later collections then examine only newer objects, not the modules and the model; with
    TensorFlow that would take a quarter of a second.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class PipelineNode(SimClockNode, Generic[S]):
    """
    A lifecycle node of the pipeline.

    A subclass implements ``configure``, ``activate``, ``deactivate`` and ``cleanup``, and returns
    its status from ``report``. A DigiphysError raised while configuring is logged as one
    sentence and leaves the node unconfigured.
    """

    SETTINGS: type[S]
    """The dataclass that declares the node's parameters."""
    NEEDS_A_SECTION = False
    """Whether the process ends if parameters files are given and none has a section for it."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, start_parameter_services=False, **options)
        self.parameters = ParameterSet(self, self.SETTINGS)
        self._parameter_services = PreparingParameterService(
            self, self._prepare, self.parameters.is_in_force)
        self.settings = self._first_settings()
        self.phase = 'unconfigured'
        self.problem = ''
        self._ignored = ''
        self._profile = profile_in_force(os.environ)
        self._conditions = ConditionLog()
        self.steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self.create_timer(1.0, self.publish_diagnostics, clock=self.steady_clock)
        self.add_on_set_parameters_callback(self._on_parameters)

    def _first_settings(self) -> S:
        try:
            return self.parameters.read()
        except DigiphysError:
            # configure reports the error
            return self.SETTINGS()

    # Methods for a subclass.

    def configure(self) -> None:
        """Load and warm up."""

    def activate(self) -> None:
        """Enable."""

    def deactivate(self) -> None:
        """Stop the robot."""

    def cleanup(self) -> None:
        """Free what configure loaded; must also work after a configure that failed midway."""

    def prepare(self, settings: S, changed: Collection[str]) -> None:
        """
        Do the slow part of a change of runtime parameters, on a separate thread.

        :param settings: the new settings.
        :param changed: names of the parameters that change.
        """

    def apply(self, settings: S, changed: Collection[str]) -> None:
        """Apply changed runtime parameters, or refuse them with a DigiphysError."""

    @staticmethod
    def resolve(name: str) -> str:
        """Return the path of a file next to the node's parameters file, else ``name``."""
        return next_to_parameters(name, sys.argv)

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return level, one sentence and figures for /diagnostics; ``fix`` is for the doctor."""
        return OK, self.phase, {}

    # Lifecycle.

    def _LifecycleNodeMixin__change_state(self, transition: int) -> TransitionCallbackReturn:
        """Refuse a transition that the state does not allow; rclpy of Jazzy ends the process."""
        try:
            result: TransitionCallbackReturn = \
                super()._LifecycleNodeMixin__change_state(transition)  # type: ignore[misc]
            return result
        except RCLError as error:
            self.get_logger().error(f'transition {transition} is refused: {error}')
            return TransitionCallbackReturn.ERROR

    def on_configure(self, state: Any) -> TransitionCallbackReturn:
        """Read the parameters, then configure."""
        return self._transition(self._configure, 'inactive')

    def on_activate(self, state: Any) -> TransitionCallbackReturn:
        """Activate the node and its lifecycle publishers."""
        super().on_activate(state)
        return self._transition(self.activate, 'active')

    def on_deactivate(self, state: Any) -> TransitionCallbackReturn:
        """Stop the robot first, then the publishers."""
        result = self._transition(self.deactivate, 'inactive')
        super().on_deactivate(state)
        return result

    def on_cleanup(self, state: Any) -> TransitionCallbackReturn:
        """Return to the state in which configure can start again."""
        return self._transition(self._cleanup, 'unconfigured')

    def on_shutdown(self, state: Any) -> TransitionCallbackReturn:
        """Stop the robot in any state, then free everything."""
        return self._transition(self._stop_and_cleanup, 'finalized')

    def on_error(self, state: Any) -> TransitionCallbackReturn:
        """Stop the robot after an exception in a transition and fall back to unconfigured."""
        return self._transition(self._stop_and_cleanup, 'unconfigured')

    def _configure(self) -> None:
        self.problem = ''
        try:
            self.settings = self.parameters.read()
            apply_scheduling(self.settings.cpus, self.settings.nice)
            self.configure()
        except Exception:
            self.cleanup()
            raise
        settle_memory()

    def _cleanup(self) -> None:
        self.cleanup()
        settle_memory()

    def _stop_and_cleanup(self) -> None:
        if self.phase == 'active':
            self.deactivate()
            self.phase = 'inactive'
        self.cleanup()

    def _transition(self, action: Callable[[], None], phase: str) -> TransitionCallbackReturn:
        try:
            action()
        except DigiphysError as error:
            self.problem = str(error)
            self.get_logger().error(f'stays {self.phase}: {error}')
            return TransitionCallbackReturn.FAILURE
        except Exception as error:
            self.problem = f'{type(error).__name__}: {error}'
            self.get_logger().error(traceback.format_exc())
            raise
        self.phase = phase
        self.get_logger().info(phase)
        return TransitionCallbackReturn.SUCCESS

    # Parameters.

    @property
    def is_configured(self) -> bool:
        """Return whether the settings are in force."""
        return self.phase in ('inactive', 'active')

    def _prepare(self, changes: list[Any]) -> None:
        if not self.is_configured:
            return
        # setting the parameter reports the error a moment later
        with contextlib.suppress(Exception):
            own = self._own(changes)
            self.prepare(self.parameters.change(self.settings, own), own)

    def _on_parameters(self, changes: list[Any]) -> SetParametersResult:
        try:
            own = self._own(changes)
            changed = self.parameters.change(self.settings, own)
            if self.is_configured and own:
                self.apply(changed, own)
            self.settings = changed
        except DigiphysError as error:
            self.get_logger().warning(f'refused: {error}')
            return SetParametersResult(successful=False, reason=str(error))
        except Exception as error:  # after any error the node continues unchanged
            self.get_logger().error(traceback.format_exc())
            return SetParametersResult(
                successful=False, reason=f'{type(error).__name__}: {error}')
        return SetParametersResult(successful=True)

    def _own(self, changes: list[Any]) -> dict[str, Any]:
        own = {change.name: change.value for change in changes
               if change.name in self.parameters.declared}
        for name in own:
            if self.is_configured and not self.parameters.declared[name].runtime:
                raise ConfigError(
                    f'parameter `{name}` is read when the node is configured: deactivate and '
                    'clean up the node, set it, then configure again.')
        return own

    # Diagnostics.

    def note(self, condition: str, *, about: str = '', warn: bool = False, state: str | None = None
             ) -> None:
        """Log ``condition`` once while its ``state``, by default its text, stays the same."""
        self._conditions.note(about, condition if state is None else state,
                              lambda: log_line(self.get_logger(), condition, warn=warn))

    def publish_diagnostics(self) -> None:
        """Publish one status; called at 1 Hz and whenever the state changes."""
        self._conditions.settle()
        level, message, figures = self.report()
        if self.phase == 'unconfigured' and self.problem:
            level, message = ERROR, self.problem
            figures['fix'] = configure_again(self.get_fully_qualified_name())
        if self._ignored:
            if level == OK:
                figures['fix'] = f'ros2 param list {self.get_fully_qualified_name()}'
            level, message = max(level, WARN), f'{message}; {self._ignored}'
        stands, fix = self.clock_problem()
        if stands:
            level, message, figures['fix'] = ERROR, f'{stands}; {message}', fix
        self._diagnostics.publish(diagnostic_message(self, level, message, {
            'phase': self.phase, 'transport_profile': self._profile, **figures}))

    def warn_of_ignored(self, sentences: Sequence[str]) -> None:
        """Log parameters that have no effect, and report them from now on."""
        self._ignored = '; '.join(sentences)
        for sentence in sentences:
            self.get_logger().warning(f'{sentence}.')

    def flush(self) -> None:
        """Wait until the last report has left this process, 0.2 s at most."""
        self._diagnostics.wait_for_all_acked(Duration(seconds=0.2))
