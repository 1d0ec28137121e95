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

"""The policy node: classifications in, desired commands out."""

from functools import partial
from typing import Any

from digiphys_ros.control.config import control_warnings, load_control
from digiphys_ros.control.settings import PolicySettings
from digiphys_ros.pipeline.decision import Decider
from digiphys_ros.resources import find_resource
from digiphys_ros.ros import qos
from digiphys_ros.ros.lifecycle import ERROR, OK, PipelineNode, WARN
from digiphys_ros.ros.messages.actuators import desired_message, desired_type
from digiphys_ros.ros.messages.images import model_facts, stamp_s
from digiphys_ros.ros.process import run_node
from vision_msgs.msg import Classification, VisionInfo


class PolicyNode(PipelineNode[PolicySettings]):
    """
    Turn ``classification`` into ``desired/<actuator>``, under the image's header.

    It acts after ``vision_info`` has shown that the model may lead to commands and has every class
    that the rules name. A model for advice silences it until it is activated again. If several
    nodes publish ``vision_info``, every model must match: no message names its sender.

    :param listens: False if classifications are passed by calls of ``take``.
    """

    SETTINGS = PolicySettings

    def __init__(self, *, listens: bool = True, **options: Any) -> None:
        super().__init__('policy', **options)
        self._listens = listens
        self._decider: Decider | None = None
        self._desired: dict[str, Any] = {}
        self._subscription: qos.AdaptiveSubscription | None = None
        self._infos: qos.AdaptiveSubscription | None = None

    def configure(self) -> None:
        """Load the rules."""
        rules = self.settings.rules
        control = load_control(find_resource(self.resolve(rules), 'config'))
        for sentence in control_warnings(control):
            self.get_logger().warning(f'{rules}: {sentence}')
        self._decider = Decider(control, rules, self.get_fully_qualified_name())
        self._actuators = {name: control.actuator(name) for name in control.actuators}
        self._desired = {
            name: self.create_lifecycle_publisher(
                desired_type(actuator), f'desired/{name}', qos.RELIABLE)
            for name, actuator in self._actuators.items()}

    def activate(self) -> None:
        """Start with no votes."""
        assert self._decider is not None
        self._decider.restart()
        if self._listens:
            self._subscription = qos.AdaptiveSubscription(
                self, Classification, 'classification', self.take, depth=5)
        self._infos = qos.AdaptiveSubscription(
            self, VisionInfo, 'vision_info', self._on_vision_info, latched=True)

    def deactivate(self) -> None:
        """Stop commanding; the gate's lease does the rest."""
        for one in (self._subscription, self._infos):
            if one is not None:
                one.destroy()
        self._subscription = self._infos = None

    def cleanup(self) -> None:
        """Drop the rules."""
        for publisher in self._desired.values():
            self.destroy_lifecycle_publisher(publisher)
        self._desired = {}
        self._decider = None

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return the active rule, or why nothing is commanded."""
        decider = self._decider
        if decider is None:
            return OK, 'no rule yet', {'rule': '', 'classifications': 0, 'refused': 0}
        self._look_for_duplicates(decider)
        silence, warning = decider.silence, decider.warning
        figures = {'rule': decider.rule, 'classifications': decider.received,
                   'refused': decider.refused, 'not_recognised': decider.reason_unrecognised}
        if not (silence or warning):
            return OK, decider.rule or 'no rule yet', figures
        return (ERROR if silence else WARN), silence or warning, {**figures, 'fix': decider.fix()}

    def _look_for_duplicates(self, decider: Decider) -> None:
        decider.stops_on_duplicates = self.settings.stop_on_duplicate_publishers
        decider.duplicates = '; '.join(
            one.duplicate_sources for one in (self._subscription, self._infos)
            if one is not None and one.duplicate_sources)

    def _on_vision_info(self, message: VisionInfo) -> None:
        """Compare the rules with the model in use."""
        if self._decider is None:
            return
        # with another publisher, this may be another model than the refused one
        alone = self._infos is not None and self._infos.publishers() <= 1
        found = self._decider.check_model(
            message.method, partial(model_facts, message), alone=alone)
        for about, sentence in found.items():
            self.note(sentence, about=about, warn=True)

    def take(self, message: Classification) -> None:
        """Publish the commands for one more image; nothing unless active."""
        decider = self._decider
        if self.phase != 'active' or decider is None:
            return
        self._look_for_duplicates(decider)
        taken_s = stamp_s(message.header)
        # a looping recording sets a simulated clock back: it measures no age
        age_s = 0.0 if self.is_simulated else self.now_s() - taken_s
        decision = decider.decide(
            ((result.class_id, result.score) for result in message.results), taken_s, age_s,
            self.now_s())
        if decision is None:
            return
        for name, command in decision.commands.items():
            self._desired[name].publish(desired_message(
                self._actuators[name], dict(command.values), message.header))
        self.note(f'rule: {decider.rule or "none, too few votes"}')


def main() -> None:
    """Run the policy node."""
    run_node(PolicyNode)
