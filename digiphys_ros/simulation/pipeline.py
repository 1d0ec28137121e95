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

"""The pipeline on simulated time, with the delays and faults of the nodes."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digiphys_ros.advice import Model, occlusion_sensitivity
from digiphys_ros.control.command import DesiredCommand
from digiphys_ros.control.config import ControlConfig
from digiphys_ros.control.gate import GateOutput
from digiphys_ros.perception import Classifier
from digiphys_ros.perception.frame import Frame
from digiphys_ros.pipeline.pipeline import load_classifier, load_rules, Pipeline
from digiphys_ros.pipeline.settings import load_settings, PipelineSettings
from digiphys_ros.resources import find_resource
from digiphys_ros.simulation.advisor import SimulatedAdvisor
from numpy.typing import NDArray


@dataclass(frozen=True)
class ImageResult:
    """
    The result of one image.

    :ivar prediction: the class, None if the classifier abstained or did not run.
    :ivar rule: the rule of the policy after the image.
    :ivar case: the case of the logged advice, empty without advice.
    """

    prediction: str | None = None
    score: float = 0.0
    rule: str | None = None
    case: str = ''


class SimulatedPipeline(Pipeline):
    """
    A pipeline whose commands are delayed and whose nodes may be dead.

    :param classifier: None for worlds without a camera: the policy gets the ground truth.
    :param advisor: logs the advice; None for a pipeline that commands.
    :param background: class of an empty scene, the first prediction without a classifier.
    """

    def __init__(self, settings: PipelineSettings, control: ControlConfig | None,
                 classifier: Classifier | None = None, advisor: SimulatedAdvisor | None = None,
                 background: str | None = None) -> None:
        self.advisor = advisor
        self._background = self._last_prediction = background
        self._rule: str | None = None
        self._in_flight: deque[tuple[float, Mapping[str, DesiredCommand]]] = deque()
        super().__init__(settings, control, classifier)

    def restart(self, step: str) -> None:
        """Restart classifier, policy or gate, as after its death."""
        super().restart(step)
        if step == 'classifier':
            self._last_prediction = self._background
        elif step == 'policy':
            self._rule = None

    def process_image(self, image: NDArray[Any] | None, ground_truth: str | None,
                      captured_s: float, *, dead: frozenset[str] = frozenset(),
                      delay_s: float = 0.0, unsure: bool = False) -> ImageResult:
        """
        Process one image; its commands reach the gates after the processing delay.

        :param image: (H, W, 3) uint8 RGB or (H, W) uint8; None without a camera.
        :param ground_truth: the prediction without an image.
        :param dead: nodes that are dead now.
        :param delay_s: additional delay of the commands.
        :param unsure: whether the classifier abstains.
        """
        if self.advisor is not None:
            self.advisor.count_image()
        if 'classifier' in dead:
            return ImageResult(rule=self._rule)
        if image is None or self.classifier is None:
            # where the ground truth is ambiguous, the last prediction is repeated
            if ground_truth is not None:
                self._last_prediction = ground_truth
            prediction = self._last_prediction
            score = float(prediction is not None)
        else:
            result = self.perceive(Frame.of(image))
            if result is None:
                return ImageResult(rule=self._rule)
            prediction, score = result.scores[0] if result.scores else (None, 0.0)
        if unsure:
            prediction, score = None, 0.0
        if self.control is not None and 'policy' not in dead:
            age_s = self.settings.processing_delay_s + delay_s
            decision = self.decide(prediction, score, captured_s, age_s)
            self._rule = decision.rule
            self._in_flight.append((captured_s + age_s, decision.commands))
        case = '' if self.advisor is None else \
            self.advisor.advise(image, prediction, score, captured_s)
        return ImageResult(prediction, score, self._rule, case)

    @property
    def next_arrival_s(self) -> float | None:
        """When the next commands reach the gates; None without commands in flight."""
        return min((arrival_s for arrival_s, _ in self._in_flight), default=None)

    def step(self, now_s: float, dead: frozenset[str] = frozenset()) -> dict[str, GateOutput]:
        """Return the outputs of the gates now, by actuator; dead gates send nothing."""
        waiting = self._in_flight
        arrived = [one for one in waiting if one[0] <= now_s + 1e-9]
        self._in_flight = deque(one for one in waiting if one[0] > now_s + 1e-9)
        if 'gate' in dead:
            return {}
        for _, commands in arrived:
            self.obey(commands, now_s)
        return super().step(now_s)


def make_pipeline(specification: Any, *, config: str | Path | None = None,
                  bundle: str | None = None, camera: bool = True,
                  audit_log: Path | None = None) -> SimulatedPipeline:
    """
    Return the pipeline of an application, configured by its parameters file.

    :param specification: of the application, see simulation.specification.
    :param config: another parameters file: a path, or a name in config/.
    :param bundle: another model bundle.
    :param camera: False for a world without a camera: the policy gets the ground truth.
    :param audit_log: file for the advice of a pipeline without rules.
    :raises ConfigError: with file, line and field.
    :raises BundleError: for a bundle that is invalid.
    """
    file = find_resource(str(config or specification.sim_config), 'config')
    settings = load_settings(file)
    control = load_rules(settings, file.parent)
    if not camera:
        return SimulatedPipeline(settings, control, advisor=None if control else SimulatedAdvisor(
            Model('ground truth', ''), audit_log),
            background=specification.background)
    classifier = load_classifier(settings, control, bundle, top_k=1)
    manifest = classifier.bundle.manifest
    model = Model(manifest.name, classifier.bundle.hash, manifest.abstain_below)
    return SimulatedPipeline(settings, control, classifier, None if control else SimulatedAdvisor(
        model, audit_log,
        lambda image, label: occlusion_sensitivity(classifier, Frame.of(image), label)))
