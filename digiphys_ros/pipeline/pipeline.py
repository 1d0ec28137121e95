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

"""The steps between an image and a command, in order: camera, classifier, policy, gate."""

from collections.abc import Mapping
from pathlib import Path

from digiphys_ros.bundles import Bundle, load_bundle
from digiphys_ros.control.command import DesiredCommand
from digiphys_ros.control.config import check_labels, check_use, ControlConfig, load_control
from digiphys_ros.control.gate import Gate, GateOutput
from digiphys_ros.control.policy import Decision, Observation, Policy
from digiphys_ros.control.signal_gate import make_gate
from digiphys_ros.perception.classify import Classification, Classifier
from digiphys_ros.perception.frame import Frame
from digiphys_ros.pipeline.camera import CameraState
from digiphys_ros.pipeline.model import load_model
from digiphys_ros.pipeline.perception import Perception
from digiphys_ros.pipeline.settings import PipelineSettings
from digiphys_ros.resources import find_resource


class Pipeline:
    """
    Classifier, policy and gate in one process, without an own clock.

    Example::

        pipeline = load_pipeline(load_settings(path))
        result = pipeline.perceive(frame)
        if result is not None:
            label, score = result.scores[0] if result.scores else (None, 0.0)
            pipeline.obey(pipeline.decide(label, score, captured_s).commands, now_s)
        outputs = pipeline.step(now_s)

    :param control: rules and actuators; None for a pipeline that moves nothing.
    :param classifier: None for a pipeline that is given classes.
    :ivar gates: gates by actuator.
    """

    def __init__(self, settings: PipelineSettings, control: ControlConfig | None,
                 classifier: Classifier | None = None) -> None:
        self.settings, self.control, self.classifier = settings, control, classifier
        self.perception = Perception()
        self.gates: Mapping[str, Gate] = {}
        self._policy: Policy | None = None
        for step in ('classifier', 'policy', 'gate'):
            self.restart(step)

    def restart(self, step: str) -> None:
        """Restart ``classifier``, ``policy`` or ``gate``, like a node that has died."""
        if step == 'classifier':
            settings = self.settings.classifier
            self.perception = Perception([CameraState(settings.limits, settings.bit_depth)])
        elif step == 'policy':
            self._policy = Policy(self.control) if self.control else None
        else:
            self.gates = {name: self._gate(name, self.control)
                          for name in self.control.actuators} if self.control else {}

    def _gate(self, name: str, control: ControlConfig) -> Gate:
        settings = self.settings.gate
        gate = make_gate(control.actuator(name), settings.lease_s, settings.future_tolerance_s)
        gate.activate()
        return gate

    def perceive(self, frame: Frame) -> Classification | None:
        """Return the classification of a frame; None while the camera is blind or frozen."""
        [camera] = self.perception.cameras
        checked = camera.check(frame)
        if checked is None or self.classifier is None:
            return None
        [result] = self.perception.classify(self.classifier, [checked])
        return result

    def decide(self, label: str | None, score: float, captured_s: float, age_s: float = 0.0
               ) -> Decision:
        """
        Return the decision on one more image.

        :param label: its class, None for an abstention.
        :param captured_s: the image's stamp.
        :param age_s: age of the image now.
        """
        if self._policy is None:
            return Decision(None, {})
        return self._policy.update(Observation(label, score, captured_s, age_s))

    def obey(self, commands: Mapping[str, DesiredCommand], now_s: float) -> None:
        """Submit commands to the gates, by actuator."""
        for name, command in commands.items():
            self.gates[name].submit(command, now_s)

    def step(self, now_s: float) -> dict[str, GateOutput]:
        """Return the outputs of the gates, by actuator."""
        return {name: gate.step(now_s) for name, gate in self.gates.items()}


def load_rules(settings: PipelineSettings, folder: Path | None = None) -> ControlConfig | None:
    """
    Return rules and actuators of a pipeline, None if it moves nothing.

    :param folder: folder of the parameters file: the rules file is searched there first.
    :raises ConfigError: naming the file, the line and the field.
    """
    if settings.policy is None:
        return None
    own = None if folder is None else folder / settings.policy.rules
    return load_control(own if own is not None and own.is_file()
                        else find_resource(settings.policy.rules, 'config'))


def load_classifier(settings: PipelineSettings, control: ControlConfig | None,
                    bundle: str | Path | None = None, top_k: int | None = None) -> Classifier:
    """
    Return the classifier of a pipeline; its model must match the rules.

    :param bundle: a bundle to use instead of that of the settings.
    :param top_k: number of classes to report, else as in the settings.
    :raises ConfigError: for a model for advice, or one that lacks a class of the rules.
    :raises BundleError: when the bundle is incomplete or was changed.
    """
    own = settings.classifier
    found: Bundle = load_bundle(find_resource(str(bundle or own.bundle), 'models'))
    if control is not None:
        check_use(found.manifest.use, found.manifest.name)
        check_labels(control, found.labels, found.manifest.name)
    model = load_model(found, own.engine, threads=own.threads, xla=own.xla,
                       mixed_precision=own.mixed_precision)
    return Classifier(model.bundle, model.engine, roi=own.region, top_k=top_k or own.top_k)


def load_pipeline(settings: PipelineSettings) -> Pipeline:
    """
    Return the pipeline that a parameters file describes; see ``load_settings``.

    :raises DigiphysError: naming the file and the field.
    """
    control = load_rules(settings)
    return Pipeline(settings, control, load_classifier(settings, control))
