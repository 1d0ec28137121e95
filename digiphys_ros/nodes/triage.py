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

from collections import OrderedDict
import hashlib
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from digiphys_ros.advice import (
    AuditLog,
    Desk,
    Evidence,
    Explainer,
    Image as Picture,
    Model,
    read_key,
)
from digiphys_ros.errors import AdviceError, AuditError, ConfigError, DigiphysError, FrameError
from digiphys_ros.ros import qos
from digiphys_ros.ros.condition_log import without_numbers
from digiphys_ros.ros.lifecycle import ERROR, OK, PipelineNode, WARN
from digiphys_ros.ros.messages.advice import advice_message, case_of, decision_of
from digiphys_ros.ros.messages.images import frame_from, model_facts
from digiphys_ros.ros.parameters.declaration import Parameter
from digiphys_ros.ros.process import run_node
from digiphys_ros.ros.transport.variables import ros_home
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Classification, VisionInfo

KEPT_DIGESTS, KEPT_IMAGES = 100, 5


class TriageNode(PipelineNode):
    """
    Turn ``classification`` into ``advice``, under the image's header.

    Each advice and each ``decision`` of a person is in the audit log first. Both topics carry a
    type that neither policy nor gate nor any actuator takes.
    """

    PARAMETERS = (
        Parameter('audit_log', '', 'File that every advice and every decision is appended to. '
                  'Empty: triage_audit.jsonl in $ROS_HOME, which is ~/.ros by default.'),
        Parameter('audit_key', '',
                  'File with a key of 32 bytes or more, without which nobody can write a log that '
                  'verifies. Empty: no key.'),
        Parameter('image_transport', 'raw',
                  'Listen to Image or CompressedImage, for its sha256 in the audit log.',
                  choices=('raw', 'compressed')),
        Parameter('bundle', '', 'The bundle that classifies, a path or a name in models/, to tell '
                  'in each reason which part of the picture it hangs on. Empty: not told.'),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__('triage', **options)
        self._desk: Desk | None = None
        self._log: AuditLog | None = None
        self._model: Model | None = None
        self._inputs: list[Any] = []
        self._explainer: Explainer | None = None
        self._digests: OrderedDict[str, str] = OrderedDict()
        self._images: OrderedDict[str, Image | CompressedImage] = OrderedDict()
        self._counts = {'advised': 0, 'abstained': 0, 'decided': 0, 'refused': 0, 'unlogged': 0,
                        'unexplained': 0}
        self._unlogged = ''
        self._refused = ''

    def configure(self) -> None:
        """Open the audit log, and the model; a log that was changed is refused."""
        try:
            key_file = self.beside(self.settings.audit_key)
            key = read_key(key_file) if key_file else b''
        except AuditError as error:
            raise ConfigError(f'parameter `audit_key`: {error}') from error
        try:
            chosen = self.settings.audit_log or ros_home() / 'triage_audit.jsonl'
            self._log = AuditLog(Path(chosen).expanduser(), key)
            self._desk = Desk(self._log)
        except (AuditError, RuntimeError) as error:
            raise ConfigError(f'parameter `audit_log`: {error}') from error
        # in the node's own log the hash is out of reach of who can write the audit log
        self._note_head()
        bundle = self.settings.bundle
        self._explainer = Explainer(self.beside(bundle)) if bundle else None
        self._advice = self.create_lifecycle_publisher(DiagnosticArray, 'advice', qos.RELIABLE)

    def activate(self) -> None:
        """Listen."""
        compressed = self.settings.image_transport == 'compressed'
        self._unlogged = self._refused = ''
        self._model = None
        self._pictures = qos.AdaptiveSubscription(
            self, CompressedImage if compressed else Image,
            'image/compressed' if compressed else 'image', self._on_image, depth=5)
        self._inputs = [
            self.create_subscription(Classification, 'classification', self._on_classification,
                                     qos.EVERY_ONE),
            self.create_subscription(DiagnosticArray, 'decision', self._on_decision,
                                     qos.EVERY_ONE)]
        self._infos = qos.AdaptiveSubscription(
            self, VisionInfo, 'vision_info', self._on_vision_info, latched=True)

    def deactivate(self) -> None:
        """Listen no more; open cases stay in the audit log."""
        if self._inputs:
            self._pictures.destroy()
            self._infos.destroy()
        for one in self._inputs:
            self.destroy_subscription(one)
        self._inputs = []

    def cleanup(self) -> None:
        """Let go of log, model and images."""
        if hasattr(self, '_advice'):
            self.destroy_lifecycle_publisher(self._advice)
            del self._advice
        if self._log is not None:
            self._note_head()
        self._desk = self._explainer = self._log = None
        self._images.clear()

    def _note_head(self) -> None:
        assert self._log is not None
        self.note(f'audit log: {self._log.count} entries, last hash {self._log.head}',
                  about='audit log')

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return how many cases are open, which is next, and what is wrong."""
        figures: dict[str, Any] = dict(self._counts)
        waiting = self._open_cases()
        figures |= {'open': len(waiting), 'next': waiting[0].id if waiting else '',
                    'listeners': self._advice.get_subscription_count() if self.configured else 0}
        if self._log is not None:
            figures |= {'audit_head': self._log.head, 'audit_log': self._log.path}
        problem = self._unlogged or self._refused
        if self.phase == 'active' and self._model is None:
            problem = problem or 'waits for vision_info, which tells what classifies'
        if self._explainer and self._model and self._explainer.hash != self._model.hash:
            problem = problem or (f'parameter `bundle`: is not {self._model.name}, which '
                                  'classifies: reasons do not tell where in the picture')
        if self._inputs and self._infos.duplicate_sources:
            problem = problem or self._infos.duplicate_sources
        return (ERROR if self._unlogged else WARN if problem else OK), \
            problem or self.phase, figures

    def _open_cases(self) -> tuple[Any, ...]:
        try:
            return self._desk.queue.open if self._desk is not None else ()
        except AuditError as error:
            self._unlogged = str(error)
            return ()

    def _on_vision_info(self, message: VisionInfo) -> None:
        name, _, content_hash = message.method.partition('@')
        try:
            threshold: float | None = model_facts(message).abstain_below
            self.note('', about='model')
        except ConfigError as error:
            # advice is given all the same: a person decides
            threshold = None
            self.note(str(error), about='model', warn=True)
        self._model = Model(name, content_hash, threshold)

    def _on_image(self, message: Image | CompressedImage) -> None:
        case = case_of(message.header)
        self._digests[case] = hashlib.sha256(message.data).hexdigest()
        if self._explainer is not None:
            self._images[case] = message
        for kept, most in ((self._digests, KEPT_DIGESTS), (self._images, KEPT_IMAGES)):
            while len(kept) > most:
                kept.popitem(last=False)

    def _evidence(self, case: str, scores: list[tuple[str, float]]) -> Evidence | None:
        message = self._images.pop(case, None)
        if message is None or self._explainer is None or self._model is None:
            return None
        try:
            found = self._explainer(frame_from(message), scores, self._model.hash)
            self.note('', about='evidence')
            return found
        except FrameError as error:
            self._counts['unexplained'] += 1
            self.note(f'evidence: {error}', about='evidence', warn=True,
                      state=without_numbers(str(error)))
            return None

    def _on_classification(self, message: Classification) -> None:
        if self._desk is None or self._model is None:
            self._counts['refused'] += 1
            return
        case = case_of(message.header)
        scores = sorted(((one.class_id, one.score) for one in message.results),
                        key=lambda one: -one[1])
        try:
            advice = self._desk.advise(
                Picture(case, self._digests.get(case, '')), scores, self._model, self.now_s(),
                self._evidence(case, scores))
        except DigiphysError as error:
            self._tell_refusal(error)
            return
        self._unlogged = self._refused = ''
        self.note('', about='advice')
        self._counts['advised'] += 1
        self._counts['abstained'] += advice.label is None
        self._advice.publish(advice_message(advice, message.header))

    def _on_decision(self, message: DiagnosticArray) -> None:
        if self._desk is None:
            return
        try:
            self._desk.decide(case_of(message.header), *decision_of(message), self.now_s())
        except DigiphysError as error:
            self._tell_refusal(error)
            return
        self._counts['decided'] += 1

    def _tell_refusal(self, error: DigiphysError) -> None:
        self._counts['refused' if isinstance(error, AdviceError) else 'unlogged'] += 1
        if isinstance(error, AdviceError):
            self._refused = str(error)
        else:
            self._unlogged = str(error)
        self.note(str(error), about='advice', warn=True, state=without_numbers(str(error)))


def main() -> None:
    """Run the triage node."""
    run_node(TriageNode)
