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

"""The triage node: classifications in, advice to a person out; decisions come back."""

from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from digiphys_ros.advice import Explainer
from digiphys_ros.advice.advisor import Advisor, open_log
from digiphys_ros.advice.settings import TriageSettings
from digiphys_ros.errors import DigiphysError
from digiphys_ros.ros import qos
from digiphys_ros.ros.condition_log import without_numbers
from digiphys_ros.ros.lifecycle import ERROR, OK, PipelineNode, WARN
from digiphys_ros.ros.messages.advice import advice_message, case_of, decision_of, model_of
from digiphys_ros.ros.messages.images import frame_from, IMAGE_TOPICS
from digiphys_ros.ros.process import run_node
from digiphys_ros.ros.transport.variables import ros_home
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Classification, VisionInfo


class TriageNode(PipelineNode[TriageSettings]):
    """
    Turn ``classification`` into ``advice``, under the image's header.

    Each advice and each ``decision`` of a person is written to the audit log first. The type of
    both topics is not accepted by policy, gate or any actuator.
    """

    SETTINGS = TriageSettings

    def __init__(self, **options: Any) -> None:
        super().__init__('triage', **options)
        self._advisor: Advisor | None = None
        self._advice: Any = None
        self._inputs: list[Any] = []

    def configure(self) -> None:
        """Open the audit log and the model; refuse a log that was changed."""
        settings = self.settings
        log = open_log(settings.audit_log or ros_home() / 'triage_audit.jsonl',
                       self.resolve(settings.audit_key))
        self._advisor = Advisor(
            log, Explainer(self.resolve(settings.bundle)) if settings.bundle else None)
        # also in the node's own log: a writer of the audit log cannot change the hash there
        self.note(str(log), about='audit log')
        self._advice = self.create_lifecycle_publisher(DiagnosticArray, 'advice', qos.RELIABLE)

    def activate(self) -> None:
        """Subscribe."""
        assert self._advisor is not None
        self._advisor.restart()
        self._images = qos.AdaptiveSubscription(
            self, *IMAGE_TOPICS[self.settings.image_transport], self._on_image, depth=5)
        self._inputs = [self.create_subscription(kind, topic, take, qos.EVERY_ONE)
                        for kind, topic, take in (
                            (Classification, 'classification', self._on_classification),
                            (DiagnosticArray, 'decision', self._on_decision))]
        self._infos = qos.AdaptiveSubscription(
            self, VisionInfo, 'vision_info', self._on_vision_info, latched=True)

    def deactivate(self) -> None:
        """Unsubscribe; open cases stay in the audit log."""
        if self._inputs:
            self._images.destroy()
            self._infos.destroy()
        for one in self._inputs:
            self.destroy_subscription(one)
        self._inputs = []

    def cleanup(self) -> None:
        """Close log, model and images."""
        if self._advice is not None:
            self.destroy_lifecycle_publisher(self._advice)
        if self._advisor is not None:
            self.note(str(self._advisor.log), about='audit log')
        self._advice = self._advisor = None

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return the number of open cases, the next one, and problems."""
        advisor = self._advisor
        if advisor is None:
            return OK, self.phase, {}
        figures = {**advisor.figures(), 'listeners':
                   self._advice.get_subscription_count() if self.is_configured else 0}
        problem = advisor.problem(
            active=self.phase == 'active',
            duplicates=self._infos.duplicate_sources if self._inputs else '')
        return (ERROR if advisor.unlogged else WARN if problem else OK), \
            problem or self.phase, figures

    def _on_vision_info(self, message: VisionInfo) -> None:
        assert self._advisor is not None
        self._advisor.model, problem = model_of(message)
        self.note(problem, about='model', warn=True)

    def _on_image(self, message: Image | CompressedImage) -> None:
        assert self._advisor is not None
        self._advisor.see(case_of(message.header), message.data, partial(frame_from, message))

    def _on_classification(self, message: Classification) -> None:
        advisor = self._advisor
        if advisor is None:
            return
        try:
            advice = advisor.advise(
                case_of(message.header),
                [(one.class_id, one.score) for one in message.results], self.now_s())
        except DigiphysError as error:
            self._refuse(advisor, error)
            return
        if advice is None:
            return
        self.note('', about='advice')
        self.note(advisor.unexplained and f'explanation: {advisor.unexplained}',
                  about='explanation', warn=True, state=without_numbers(advisor.unexplained))
        self._advice.publish(advice_message(advice, message.header))

    def _on_decision(self, message: DiagnosticArray) -> None:
        advisor = self._advisor
        if advisor is None:
            return
        try:
            advisor.decide(case_of(message.header), *decision_of(message), self.now_s())
        except DigiphysError as error:
            self._refuse(advisor, error)

    def _refuse(self, advisor: Advisor, error: DigiphysError) -> None:
        advisor.refuse(error)
        self.note(str(error), about='advice', warn=True, state=without_numbers(str(error)))


def main() -> None:
    """Run the triage node."""
    run_node(TriageNode)
