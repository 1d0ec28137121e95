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

"""The report of the demo, as one documented JSON object."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from digiphys_ros.bundles import Bundle, load_bundle
from digiphys_ros.contracts import SimulatedEvents
from digiphys_ros.control import Actuator
from digiphys_ros.control.config import check_labels, check_use, ControlConfig
from digiphys_ros.control.monitor import unsafe_commands
from digiphys_ros.demo.judge import (
    accuracy,
    as_json,
    encounters,
    latency,
    reaction,
    values_of,
)
from digiphys_ros.errors import ConfigError
from digiphys_ros.figures import Figures
from digiphys_ros.pipeline.pipeline import load_rules
from digiphys_ros.pipeline.settings import load_settings, PipelineSettings
from digiphys_ros.simulation.physics.robot import DifferentialDrive


@dataclass(frozen=True)
class Setting:
    """Settings, rules and model of the pipeline."""

    settings: PipelineSettings
    control: ControlConfig
    bundle: Bundle

    @classmethod
    def load(cls, config: Path, bundle: Path) -> 'Setting':
        """
        Load settings, rules and model; errors name the file and the field.

        :param config: parameters file of the nodes.
        """
        settings = load_settings(config)
        control = load_rules(settings)
        if control is None:
            raise ConfigError(f'{config}: has no section for the node policy, whose rules the '
                              'demo needs: add one.')
        setting = cls(settings, control, load_bundle(bundle))
        check_use(setting.bundle.manifest.use, setting.bundle.manifest.name)
        check_labels(setting.control, setting.bundle.labels,
                     setting.bundle.manifest.name)
        return setting

    @property
    def actuator(self) -> Actuator:
        """Return the actuator that the demo drives."""
        return self.control.actuator('base')

    def expected_reaction(self, label: str) -> str:
        """Return the reaction to a sign that the rules require."""
        command = self.control.command(self.control.rule_for(label))['base']
        return reaction(command['linear.x'], command['angular.z'])

    def label_names(self, labels: dict[float, str]) -> dict[float, str]:
        """Return labels by stamp, with numbers of data sets replaced by class names."""
        names = self.bundle.labels
        return {stamp_s: names[int(label)] if label.isdigit() and int(label) < len(names)
                and label not in names else label for stamp_s, label in labels.items()}


def build_report(setting: Setting, recording: Any, facts: dict[str, Any]) -> dict[str, Any]:
    """
    Return the report of one run.

    :param recording: recording of the observer (ros.observer.Recording).
    :param facts: ros_distro, rmw, source, ready_s.
    """
    labels = setting.label_names(recording.labels)
    commands, seen = recording.commands, recording.classifications
    own = {node: Figures(node, recording.diagnostics.get(f'/{node}', {}))
           for node in ('camera', 'sim', 'classifier', 'gate')}
    source = own['sim'] or own['camera']
    gate = setting.settings.gate
    unsafe = unsafe_commands(
        setting.actuator, [(one.stamp_s, values_of(one)) for one in commands],
        [stamp_s for stamp_s, _ in recording.obeyed], gate.lease_s, gate.period_s)
    passed = _simulated_encounters(own['sim']) if own['sim'] else [
        as_json(one) for one in encounters(labels, commands, setting.expected_reaction,
                                           setting.bundle.manifest.background)]
    report = {
        **facts,
        'engine': own['classifier'].text('engine'),
        'model': {'name': setting.bundle.manifest.name, 'hash': setting.bundle.hash},
        'frames': {'sent': source.count('frames_sent'),
                   'received': own['classifier'].count('received'),
                   'dropped': own['classifier'].count('dropped')},
        'classified': len(seen),
        'abstained': sum(not one.scores for one in seen),
        'accuracy': accuracy(seen, labels),
        'labelled_answers': sum(bool(one.scores) and one.stamp_s in labels for one in seen),
        'commands': len(commands),
        'unsafe_commands': len(unsafe),
        'safe_stops': own['gate'].count('base.safe_stops'),
        'latency_ms': {
            'capture_to_classification': latency(
                [(one.arrival_s - one.stamp_s) * 1e3 for one in seen]),
            'capture_to_command': latency(
                [(arrival_s - stamp_s) * 1e3 for stamp_s, arrival_s in recording.obeyed])},
        'robot': _drive(commands),
        'encounters': passed,
        'diagnostics': recording.diagnostics,
    }
    report['problems'] = _problems(report, unsafe)
    report['passed'] = not report['problems']
    return report


def _simulated_encounters(sim: Figures) -> list[dict[str, Any]]:
    """Return the encounters that the simulated world judged itself."""
    events = SimulatedEvents.read(sim.text('events'), 'figure events of sim').events
    return [{'sign': event.detail, 'at_s': event.time_s, 'right': event.right}
            for event in events if event.right is not None]


def _problems(report: dict[str, Any], unsafe: list[str]) -> list[str]:
    problems = [f'unsafe command {reason}' for reason in unsafe[:5]]
    if not report['classified']:
        problems.append('no frame was classified')
    if not report['commands']:
        problems.append('no command reached the robot')
    reported = {**report['frames'], 'safe_stops': report['safe_stops']}
    missing = [name for name, count in reported.items() if count is None]
    if missing:
        problems.append(f'no node reported {", ".join(missing)} on /diagnostics: see whether '
                        'camera, classifier and gate still run')
    if report['classified'] and report['safe_stops'] == 0:
        problems.append('the robot was not stopped when the frames ended')
    return problems


def _drive(commands: Any) -> dict[str, float]:
    robot, distance_m = DifferentialDrive(), 0.0
    for command, following in pairwise(commands):
        elapsed_s = min(max(following.stamp_s - command.stamp_s, 0.0), 0.1)
        robot.step(command.linear_mps, command.angular_radps, elapsed_s)
        distance_m += abs(command.linear_mps) * elapsed_s
    return {'distance_m': round(distance_m, 2), 'x_m': round(robot.x_m, 2),
            'y_m': round(robot.y_m, 2), 'heading_rad': round(robot.heading_rad, 3)}
