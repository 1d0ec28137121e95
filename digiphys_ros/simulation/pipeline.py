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

"""The pipeline on simulated time: what the nodes would do, with their delays and faults."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digiphys_ros.advice import occlusion_sensitivity, Model
from digiphys_ros.control.command import DesiredCommand
from digiphys_ros.control.config import ControlConfig
from digiphys_ros.control.gate import GateOutput
from digiphys_ros.perception import Classifier
from digiphys_ros.perception.frame import Frame
from digiphys_ros.pipeline.pipeline import load_classifier, load_rules, Pipeline
from digiphys_ros.pipeline.settings import load_settings, PipelineSettings
from digiphys_ros.resources import find_resource
from digiphys_ros.simulation.advising import Advising
from numpy.typing import NDArray


@dataclass(frozen=True)
class Seen:
    """
    What became of one image.

    :ivar prediction: the class, None when the classifier abstained or was not asked.
    :ivar rule: the policy's rule after it.
    :ivar case: of the advice on it that was logged, empty without one.
    """

    prediction: str | None = None
    score: float = 0.0
    rule: str | None = None
    case: str = ''


class SimulatedPipeline(Pipeline):
    """
    A pipeline whose commands take their time, and whose nodes may be dead.

    :param classifier: None: it is told the truth, for worlds without a camera.
    :param advising: where advice goes, None for a pipeline that commands.
    :param background: class of a scene without anything, which a classifier that is told the
        truth begins with.
    """

    def __init__(self, settings: PipelineSettings, control: ControlConfig | None,
                 classifier: Classifier | None = None, advising: Advising | None = None,
                 background: str | None = None) -> None:
        self.advising = advising
        self._background = self._told = background
        self._rule: str | None = None
        self._under_way: deque[tuple[float, Mapping[str, DesiredCommand]]] = deque()
        super().__init__(settings, control, classifier)

    def restart(self, step: str) -> None:
        """Start one of classifier, policy and gate anew, as after its death."""
        super().restart(step)
        if step == 'classifier':
            self._told = self._background
        elif step == 'policy':
            self._rule = None

    def see(self, image: NDArray[Any] | None, ground_truth: str | None, captured_s: float, *,
            dead: frozenset[str] = frozenset(), delay_s: float = 0.0,
            unsure: bool = False) -> Seen:
        """
        Take one image; its commands reach the gates after the processing delay.

        :param image: (H, W, 3) uint8 RGB or (H, W) uint8; None where there is no camera.
        :param ground_truth: what a classifier without an image is told.
        :param dead: nodes that do nothing now.
        :param delay_s: what the commands take in addition.
        :param unsure: the classifier abstains.
        """
        if self.advising is not None:
            self.advising.show()
        if 'classifier' in dead:
            return Seen(rule=self._rule)
        if image is None or self.classifier is None:
            # in between, a classifier goes on saying what it said
            self._told = prediction = self._told if ground_truth is None else ground_truth
            score = float(prediction is not None)
        else:
            result = self.perceive(Frame.of(image))
            if result is None:
                return Seen(rule=self._rule)
            prediction, score = result.scores[0] if result.scores else (None, 0.0)
        if unsure:
            prediction, score = None, 0.0
        if self.control is not None and 'policy' not in dead:
            age_s = self.settings.processing_delay_s + delay_s
            decision = self.decide(prediction, score, captured_s, age_s)
            self._rule = decision.rule
            self._under_way.append((captured_s + age_s, decision.commands))
        case = '' if self.advising is None else \
            self.advising.advise(image, prediction, score, captured_s)
        return Seen(prediction, score, self._rule, case)

    @property
    def next_arrival_s(self) -> float | None:
        """When the next commands reach the gates; None when none are under way."""
        return min((arrival_s for arrival_s, _ in self._under_way), default=None)

    def step(self, now_s: float, dead: frozenset[str] = frozenset()) -> dict[str, GateOutput]:
        """Return what the gates send now, by actuator; nothing from gates that are dead."""
        waiting = self._under_way
        arrived = [one for one in waiting if one[0] <= now_s + 1e-9]
        self._under_way = deque(one for one in waiting if one[0] > now_s + 1e-9)
        if 'gate' in dead:
            return {}
        for _, commands in arrived:
            self.obey(commands, now_s)
        return super().step(now_s)


def make_pipeline(specification: Any, *, config: str | Path | None = None,
                  bundle: str | None = None, camera: bool = True,
                  audit_log: Path | None = None) -> SimulatedPipeline:
    """
    Return the pipeline of an application, as its parameters file describes it.

    :param specification: of the application, see simulation.specification.
    :param config: another parameters file: a path, or a name in config/.
    :param bundle: another model bundle.
    :param camera: False for a world without one: the classifier is told the truth.
    :param audit_log: where advice, of a pipeline without rules, is logged for good.
    :raises ConfigError: naming the file, the line and the field.
    :raises BundleError: for a bundle that is not what it claims to be.
    """
    file = find_resource(str(config or specification.sim_config), 'config')
    settings = load_settings(file)
    control = load_rules(settings, file.parent)
    if not camera:
        return SimulatedPipeline(settings, control, advising=None if control else Advising(
            Model('the truth', ''), audit_log),
            background=specification.background)
    classifier = load_classifier(settings, control, bundle, top_k=1)
    manifest = classifier.bundle.manifest
    model = Model(manifest.name, classifier.bundle.hash, manifest.abstain_below)
    return SimulatedPipeline(settings, control, classifier, None if control else Advising(
        model, audit_log,
        lambda image, label: occlusion_sensitivity(classifier, Frame.of(image), label)))
