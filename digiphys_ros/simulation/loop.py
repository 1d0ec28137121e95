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

"""The closed loop on simulated time: world, image, pipeline, commands and back to the world."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
import math
from typing import Any

import cv2
from digiphys_ros.control.gate import GateOutput
from digiphys_ros.control.monitor import make_judge
from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.advisor import Audit
from digiphys_ros.simulation.application import Application, Commands, Event, State
from digiphys_ros.simulation.pipeline import make_pipeline, SimulatedPipeline
from digiphys_ros.simulation.rendering.camera import add_dirt
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FrameRecord:
    """
    One image, and the state and commands at its capture.

    :ivar ground_truth: the correct class, None where it is ambiguous.
    :ivar prediction: the predicted class, None if the classifier abstained or did not run.
    :ivar rule: the rule of the policy after this image.
    :ivar outputs: the last commands sent, by actuator and field.
    :ivar gate_states: by actuator, such as ``obeying``.
    :ivar case: the case of the logged advice on it, empty without advice.
    """

    time_s: float
    ground_truth: str | None
    prediction: str | None
    score: float
    rule: str | None
    outputs: Commands
    gate_states: Mapping[str, str]
    state: State
    case: str = ''


@dataclass(frozen=True)
class Unsafe:
    """
    One unsafe command.

    :ivar reason: when it was sent, to which actuator, and why it is unsafe.
    :ivar command: its values, by actuator and field.
    """

    time_s: float
    reason: str
    command: Commands


@dataclass
class Recording:
    """
    The recording of one run.

    :ivar unsafe: the first unsafe commands; ``unsafe_commands`` is the number of all,
        ``commands`` the number of commands sent.
    :ivar audit: the log of advice, None for an application that commands.
    """

    frames: list[FrameRecord] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    unsafe: list[Unsafe] = field(default_factory=list)
    unsafe_commands: int = 0
    commands: int = 0
    audit: Audit | None = None


def report_arguments(recording: Recording) -> tuple[Any, ...]:
    """Return the arguments of an application's ``report``: frames, and the audit log if any."""
    return (recording.frames,) if recording.audit is None else (recording.frames, recording.audit)


OnFrame = Callable[[FrameRecord, Any], None]
"""Called with each record and the image for the classifier, None without a camera."""


class Loop:
    """
    One run, in steps from one image to the next; see ``run_loop``.

    :ivar recording: the recording so far.
    """

    def __init__(self, application: Application, pipeline: SimulatedPipeline,
                 faults: Sequence[Any] = (), on_frame: OnFrame | None = None, *,
                 camera: bool = True) -> None:
        self.recording = Recording()
        self._application, self._pipeline = application, pipeline
        self._faults, self._on_frame, self._camera = faults, on_frame, camera
        self._outputs: dict[str, GateOutput] = {}
        self._dead: frozenset[str] = frozenset()
        self._last_image: NDArray[Any] | None = None
        self._frames = self._ticks = 0
        control, settings = pipeline.control, pipeline.settings.gate
        self._judges = {} if control is None else {
            name: make_judge(control.actuator(name), settings.lease_s, settings.period_s)
            for name in control.actuators}

    def step(self) -> None:
        """Process an image, then advance the time until the next one."""
        self._take_image()
        self._frames += 1
        next_frame_s = self._frames / self._application.rate_hz
        while True:
            next_tick_s = self._ticks / self._pipeline.settings.gate.rate_hz
            arrival_s = self._pipeline.next_arrival_s
            next_s = min(next_tick_s, math.inf if arrival_s is None else arrival_s)
            if next_s >= next_frame_s:
                break
            self._advance_to(next_s)
            self._ticks += next_s == next_tick_s
            self._send(next_s)
        self._advance_to(next_frame_s)
        self.recording.events += self._application.events()

    def _take_image(self) -> None:
        application, now_s = self._application, self._frames / self._application.rate_hz
        active = [fault for fault in self._faults if fault.active(now_s)]
        if self._pipeline.advisor and any(fault.kind == 'log_tampered' for fault in active):
            self._pipeline.advisor.tamper()
        self._set_dead_nodes(frozenset(
            fault.node for fault in active if fault.kind == 'node_killed'))
        image = self._image(active) if self._camera else None
        ground_truth = application.ground_truth()
        seen = self._pipeline.process_image(
            image, ground_truth, now_s, dead=self._dead,
            unsure=any(fault.kind == 'classifier_unsure' for fault in active),
            delay_s=sum(fault.delay_s for fault in active if fault.kind == 'command_delayed'))
        record = FrameRecord(
            now_s, ground_truth, seen.prediction, seen.score, seen.rule,
            {name: dict(output.values) for name, output in self._outputs.items()},
            {name: gate.state.value for name, gate in self._pipeline.gates.items()},
            dict(application.state()), seen.case)
        self.recording.frames.append(record)
        if self._on_frame is not None:
            self._on_frame(record, image)

    def _set_dead_nodes(self, dead: frozenset[str]) -> None:
        for node in sorted(self._dead - dead):
            self._pipeline.restart(node)
        self._dead = dead

    def _image(self, active: Sequence[Any]) -> NDArray[Any]:
        kinds = {fault.kind: fault for fault in active}
        if 'camera_frozen' in kinds and self._last_image is not None:
            return self._last_image
        if hasattr(self._application, 'disturb'):
            self._application.disturb(**{
                name: value for fault in active for name, value in fault.disturbance.items()})
        image = self._application.image()
        if 'camera_blurred' in kinds:
            image = cv2.GaussianBlur(image, (0, 0), kinds['camera_blurred'].sigma_px)
        if 'camera_dirty' in kinds:
            image = add_dirt(image, kinds['camera_dirty'].fraction)
        if 'light_dimmed' in kinds:
            image = np.uint8(image * (1 - kinds['light_dimmed'].fraction))
        if 'camera_black' in kinds:
            image = np.zeros_like(image)
        self._last_image = image
        return image

    def _advance_to(self, time_s: float) -> None:
        application = self._application
        values = {name: output.values for name, output in self._outputs.items()}
        application.advance(time_s - application.time_s, values)
        # otherwise the sum of many steps would drift from the clock
        application.time_s = time_s

    def _send(self, now_s: float) -> None:
        outputs = self._pipeline.step(now_s, self._dead)
        self._outputs = {**self._outputs, **outputs}
        for name, output in outputs.items():
            problem = self._judges[name].judge(now_s, output)
            self.recording.commands += 1
            if problem:
                self.recording.unsafe_commands += 1
                if len(self.recording.unsafe) < 20:
                    self.recording.unsafe.append(Unsafe(
                        now_s, f'at {now_s:.3f} s, {name}: {problem}',
                        {name: dict(output.values)}))


def run_loop(application: Application, pipeline: SimulatedPipeline, seconds: float,
             faults: Sequence[Any] = (), on_frame: OnFrame | None = None, *,
             camera: bool = True) -> Recording:
    """
    Run an application in closed loop until it ends, at most for some simulated seconds.

    :param faults: faults to inject, see simulation.scenarios.faults.
    :param on_frame: called with every image.
    :param camera: False renders no images; the policy gets the ground truth.
    :raises SimulationError: when the physics becomes unstable.
    """
    loop = Loop(application, pipeline, faults, on_frame, camera=camera)
    while not loop.recording.frames \
            or (application.time_s < seconds - 1e-9 and not application.ended):
        loop.step()
        state = loop.recording.frames[-1].state
        not_numbers = [name for name, value in state.items()
                       if isinstance(value, float) and math.isnan(value)]
        if not_numbers:
            raise SimulationError(
                f'the physics is unstable: {not_numbers[0]} is not a number at '
                f'{application.time_s:.2f} s; try another seed.')
    if pipeline.advisor is not None:
        loop.recording.audit = pipeline.advisor.audit()
    return loop.recording


__all__ = ['Event', 'FrameRecord', 'Loop', 'make_pipeline', 'OnFrame', 'Recording',
           'report_arguments', 'run_loop', 'Unsafe']
