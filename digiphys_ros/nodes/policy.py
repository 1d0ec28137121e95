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

from typing import Any

from digiphys_ros.control.config import check_labels, check_use, control_warnings, load_control
from digiphys_ros.control.policy import best_of, NOT_RECOGNISED, Policy
from digiphys_ros.errors import ConfigError
from digiphys_ros.fixes import keep_one, start_node
from digiphys_ros.resources import find_resource
from digiphys_ros.ros import qos
from digiphys_ros.ros.lifecycle import ERROR, OK, PipelineNode, WARN
from digiphys_ros.ros.messages.actuators import desired_message, desired_type
from digiphys_ros.ros.messages.images import model_facts, stamp_s
from digiphys_ros.ros.parameters.declaration import Parameter
from digiphys_ros.ros.process import run_node
from vision_msgs.msg import Classification, VisionInfo

UNSURE_S = 1.0
"""Images without a recognised class for so long are worth a warning, whatever rule goes on."""


class PolicyNode(PipelineNode):
    """
    Turn ``classification`` into ``desired/<actuator>``, under the image's header.

    It acts once ``vision_info`` has told that the model may lead to commands and has every class
    that the rules name. A model for advice silences it until it is activated again. Where several
    nodes publish ``vision_info``, the model of each has to fit: no message says who sent it.

    :param listens: False where classifications are handed over by a call of ``take``.
    """

    PARAMETERS = (
        Parameter('rules', 'traffic_signs_rules.yaml',
                  'YAML file with actuators and rules: a path, or a name in config/.'),
        Parameter('stop_on_duplicate_publishers', False,
                  'Stop while more than one node publishes on an input.', runtime=True),
    )

    def __init__(self, *, listens: bool = True, **options: Any) -> None:
        super().__init__('policy', **options)
        self._listens = listens
        self._policy: Policy | None = None
        self._desired: dict[str, Any] = {}
        self._subscription: qos.AdaptiveSubscription | None = None
        self._infos: qos.AdaptiveSubscription | None = None
        self._received = self._refused = 0
        self._impossible = ''
        self._rule = self._doubt = ''
        self._sure_s = self._unsure_s = 0.0
        self._mismatch = self._fitting = ''
        self._known = False
        self._refusal = ''

    def configure(self) -> None:
        """Load the rules."""
        self._control = load_control(find_resource(self.beside(self.settings.rules), 'config'))
        for sentence in control_warnings(self._control):
            self.get_logger().warning(f'{self.settings.rules}: {sentence}')
        self._policy = Policy(self._control)
        self._actuators = {name: self._control.actuator(name) for name in self._control.actuators}
        self._desired = {
            name: self.create_lifecycle_publisher(
                desired_type(actuator), f'desired/{name}', qos.RELIABLE)
            for name, actuator in self._actuators.items()}

    def activate(self) -> None:
        """Start with no votes."""
        self._policy = Policy(self._control)
        self._known, self._refusal, self._rule = False, '', ''
        self._mismatch = self._impossible = self._fitting = ''
        self._note_doubt('')
        if self._listens:
            self._subscription = qos.AdaptiveSubscription(
                self, Classification, 'classification', self.take, depth=5)
        self._infos = qos.AdaptiveSubscription(
            self, VisionInfo, 'vision_info', self._on_vision_info, latched=True)

    def deactivate(self) -> None:
        """Stop to command; the gate's lease does the rest."""
        for one in (self._subscription, self._infos):
            if one is not None:
                one.destroy()
        self._subscription = self._infos = None

    def cleanup(self) -> None:
        """Forget the rules."""
        for publisher in self._desired.values():
            self.destroy_lifecycle_publisher(publisher)
        self._desired = {}
        self._policy = None

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return the rule in force, or why nothing is commanded."""
        level, sentence = self._status()
        figures = {'rule': self._rule, 'classifications': self._received,
                   'refused': self._refused, 'not_recognised': self._doubt}
        return level, sentence, figures if level == OK else {**figures, 'fix': self._fix()}

    def _fix(self) -> str:
        """Return what to do about the sentence."""
        if self._refusal or self._mismatch:
            return self._fitting
        prefix = self.get_namespace().rstrip('/')
        if self._unsure() and not (self._duplicates() or self._impossible):
            if self._doubt.startswith('the images'):
                return f'ros2 topic delay {prefix}/image  # let one camera alone send images, ' \
                    'in order and soon: synchronize the clocks (chrony or PTP), or take load ' \
                    'off the machine'
            return f'ros2 run rqt_image_view rqt_image_view {prefix}/debug_image  # the camera ' \
                'has to show what the model was trained on'
        if not self._known:
            return start_node(f'{prefix}/classifier') + \
                '; another classifier has to publish vision_info (latched)'
        if self._duplicates():
            return keep_one(f'{prefix}/classification')
        return f'ros2 topic echo {prefix}/classification  # scores have to be from 0 to 1'

    def _status(self) -> tuple[bytes, str]:
        silent = self._silent()
        if silent:
            return ERROR, silent
        if self._received and not self._known:
            return WARN, 'waits for vision_info, which tells what classifies'
        problems = '; '.join(filter(None, (
            self._duplicates(), self._impossible, self._unsure())))
        return (WARN if problems else OK), problems or self._rule or 'no rule yet'

    def _unsure(self) -> str:
        """Return why no class is recognised, and what is commanded meanwhile, else ''."""
        stands = self._rule == NOT_RECOGNISED
        if not stands and self._unsure_s < UNSURE_S:
            return ''
        return f'{NOT_RECOGNISED}: {self._doubt or "a class is recognised again"}; ' + (
            'the safe state is commanded until one is for a while' if stands
            else f'rule {self._rule or "none"} goes on for a while')

    def _duplicates(self) -> str:
        return '; '.join(one.duplicate_sources for one in (self._subscription, self._infos)
                         if one is not None and one.duplicate_sources)

    def _silent(self) -> str:
        """Return why no command may be given although classifications come, else ''."""
        stop = getattr(self.settings, 'stop_on_duplicate_publishers', False)
        if self._refusal or not (self._mismatch or stop):
            return self._refusal
        duplicates = self._duplicates()
        return '; '.join(filter(None, (self._mismatch, duplicates)))

    def _on_vision_info(self, message: VisionInfo) -> None:
        """Compare the rules with the model that is at work."""
        try:
            facts = model_facts(message)
            self._check_use(facts.use, message.method)
            check_labels(self._control, tuple(facts.labels.values()), message.method)
            # beside another publisher it may be of a model that is not the one that was refused
            if self._infos is not None and self._infos.publishers() <= 1:
                self._mismatch = ''
                self.note('', about='model')
        except ConfigError as error:
            self._mismatch, self._rule = f'{self.settings.rules}: {error}', ''
            self._fitting = self._fit()
            self.note(self._mismatch, about='model', warn=True)
        self._known = True

    def _check_use(self, use: str, method: str) -> None:
        try:
            check_use(use, method)
        except ConfigError as error:
            # latched: a second classifier that may command would not make this one harmless
            self._refusal, self._rule = str(error), ''
            own = self.get_fully_qualified_name()
            self._fitting = self._fit(f'ros2 lifecycle set {own} deactivate && '
                                      f'ros2 lifecycle set {own} activate')
            self.note(self._refusal, about='use', warn=True)

    def _fit(self, then: str = '') -> str:
        from digiphys_ros.control.fitting import fit_fix
        assert self._control is not None
        return fit_fix(self._control, self.settings.rules,
                       f'{self.get_namespace().rstrip("/")}/classifier', then)

    def take(self, message: Classification) -> None:
        """Command what the rules say about one more image; nothing unless active."""
        if self.phase != 'active':
            return
        self._received += 1
        taken_s = stamp_s(message.header)
        # a recording that loops sets a simulated clock back: it measures no age
        age_s = 0.0 if self.simulated else self.now_s() - taken_s
        observation = best_of(
            ((result.class_id, result.score) for result in message.results), taken_s, age_s)
        self._impossible = observation.problem and f'refused: {observation.problem}'
        self._refused += bool(self._impossible)
        if self._silent() or not self._known:
            self._rule = ''
            self._note_doubt('')
            return
        assert self._policy is not None
        decision = self._policy.update(observation)
        for name, command in decision.commands.items():
            self._desired[name].publish(desired_message(
                self._actuators[name], dict(command.values), message.header))
        self._rule = decision.rule or ''
        if decision.commands or decision.doubt:
            self._note_doubt(decision.doubt)
        self.note(f'rule: {self._rule or "none, too few votes"}')

    def _note_doubt(self, doubt: str) -> None:
        self._doubt, now_s = doubt, self.now_s()
        if not doubt:
            self._sure_s = now_s
        self._unsure_s = now_s - self._sure_s


def main() -> None:
    """Run the policy node."""
    run_node(PolicyNode)
