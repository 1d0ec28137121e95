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

"""The pipeline without ROS: classifier, policy and gates on simulated time."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digiphys_ros.advice import locate, Model
from digiphys_ros.bundles import load_bundle
from digiphys_ros.control.config import check_labels, check_use, ControlConfig, load_control
from digiphys_ros.control.gate import Gate, GateOutput
from digiphys_ros.control.policy import Observation, Policy
from digiphys_ros.control.signal_gate import make_gate
from digiphys_ros.perception import Classifier
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.liveness import LivenessMonitor
from digiphys_ros.pipeline.model import load_model
from digiphys_ros.pipeline.settings import load_settings, Settings
from digiphys_ros.resources import find_resource
from digiphys_ros.simulation.advising import Advising
from numpy.typing import NDArray

Classify = Callable[[NDArray[Any]], tuple[str | None, float]]
"""From a picture to the best class and its probability; None for an abstention."""


@dataclass(frozen=True)
class Seen:
    """
    What became of one picture.

    :ivar said: the class, None when the classifier abstained or was not asked.
    :ivar rule: the policy's rule after it.
    :ivar case: of the advice on it that was logged, empty without one.
    """

    said: str | None = None
    score: float = 0.0
    rule: str | None = None
    case: str = ''


class Pipeline:
    """
    What the nodes do, classifier, policy and gate or triage, without a clock of its own.

    :ivar control: rules and actuators, None for a pipeline that moves nothing.
    :param classify: what names a picture; None makes one that is told the truth, for worlds
        without a camera.
    :param advising: where advice goes, None for a pipeline that commands.
    :param background: class of a scene without anything, which a classifier that is told the
        truth begins with.
    """

    def __init__(self, settings: Settings, control: ControlConfig | None,
                 classify: Classify | None = None, advising: Advising | None = None,
                 background: str | None = None) -> None:
        self.settings = settings
        self.control = control
        self.advising = advising
        self._classify = classify
        self._background = background
        self._under_way: deque[tuple[float, Mapping[str, Any]]] = deque()
        self.restart('classifier')
        self.restart('policy')
        self.restart('gate')

    def restart(self, node: str) -> None:
        """Start one of classifier, policy and gate anew, as after its death."""
        if node == 'classifier':
            self._liveness = LivenessMonitor(self.settings.limits)
            self._told = self._background
        elif node == 'policy':
            self._policy = Policy(self.control) if self.control else None
            self._rule: str | None = None
        else:
            self.gates = {name: self._gate(name) for name in
                          (self.control.actuators if self.control else ())}

    def _gate(self, name: str) -> Gate:
        assert self.control is not None
        gate = make_gate(self.control.actuator(name), self.settings.lease_s)
        gate.activate()
        return gate

    def see(self, picture: NDArray[Any] | None, truth: str | None, captured_s: float, *,
            dead: frozenset[str] = frozenset(), delay_s: float = 0.0,
            unsure: bool = False) -> Seen:
        """
        Take one picture; its commands reach the gates after the processing delay.

        :param picture: (H, W, 3) uint8 RGB or (H, W) uint8; None where there is no camera.
        :param truth: what a classifier without a picture is told.
        :param dead: nodes that do nothing now.
        :param delay_s: what the commands take in addition.
        :param unsure: the classifier abstains.
        """
        if self.advising is not None:
            self.advising.show()
        if 'classifier' in dead:
            return Seen(rule=self._rule)
        if picture is None or self._classify is None:
            # in between, a classifier goes on saying what it said
            self._told = said = self._told if truth is None else truth
            score = float(said is not None)
        else:
            if self._liveness.check(_frame(picture)) != 'fresh':
                return Seen(rule=self._rule)
            said, score = self._classify(picture)
        if unsure:
            said, score = None, 0.0
        if self._policy is not None and 'policy' not in dead:
            age_s = self.settings.processing_delay_s + delay_s
            decision = self._policy.update(Observation(said, score, captured_s, age_s))
            self._rule = decision.rule
            self._under_way.append((captured_s + age_s, decision.commands))
        case = '' if self.advising is None else \
            self.advising.advise(picture, said, score, captured_s)
        return Seen(said, score, self._rule, case)

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
            for name, command in commands.items():
                self.gates[name].offer(command, now_s)
        return {name: gate.step(now_s) for name, gate in self.gates.items()}


def make_pipeline(specification: Any, *, config: str | Path | None = None,
                  bundle: str | None = None, camera: bool = True,
                  audit_log: Path | None = None) -> Pipeline:
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
    own = file.parent / settings.rules
    control = load_control(own if own.is_file() else find_resource(settings.rules, 'config')) \
        if settings.rules else None
    if not camera:
        return Pipeline(settings, control, advising=None if control else Advising(
            Model('the truth', ''), audit_log),
            background=specification.background)
    classifier = _classifier(settings, bundle, control)

    def classify(picture: NDArray[Any]) -> tuple[str | None, float]:
        result = classifier(_frame(picture))
        return result.scores[0] if result.scores else (None, 0.0)
    manifest = classifier.bundle.manifest
    model = Model(manifest.name, classifier.bundle.hash, manifest.abstain_below)
    return Pipeline(settings, control, classify, None if control else Advising(
        model, audit_log, lambda picture, said: locate(classifier, _frame(picture), said)))


def _frame(picture: NDArray[Any]) -> Frame:
    return Frame(picture, 'mono' if picture.ndim == 2 else 'rgb')


def _classifier(settings: Settings, name: str | None, control: ControlConfig | None
                ) -> Classifier:
    bundle = load_bundle(find_resource(name or settings.bundle, 'models'))
    if control is not None:
        check_use(bundle.manifest.use, bundle.manifest.name)
        check_labels(control, bundle.labels, bundle.manifest.name)
    model = load_model(bundle, settings.engine)
    return Classifier(bundle, model.engine, roi=settings.roi, top_k=1)
