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

"""Apply rules to classifications while the model matches the rules."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from digiphys_ros.control.config import check_labels, check_use, ControlConfig
from digiphys_ros.control.policy import best_of, Decision, NOT_RECOGNISED, Policy
from digiphys_ros.errors import ConfigError
from digiphys_ros.fixes import keep_one, start_node

if TYPE_CHECKING:
    from digiphys_ros.contracts import ModelFacts

UNSURE_S = 1.0
"""Time without a recognised class that causes a warning, even if a rule stays active."""


class Decider:
    """
    Decide on one classification after another, and report why nothing is commanded.

    It commands only after a model was announced that may lead to commands and has every class
    that the rules name. A model for advice silences it until ``restart``.

    Example::

        decider = Decider(load_control(path), 'my_rules.yaml')
        decider.check_model('my_model', lambda: ModelFacts(labels=labels, use='control'))
        decision = decider.decide([('stop', 0.97)], stamp_s, age_s, now_s)

    :param rules: name of the rules file, for messages.
    :param name: name of the node, for fixes.
    :ivar duplicates: a sentence if several nodes send classifications; set from outside.
    :ivar stops_on_duplicates: whether nothing is commanded in that case.
    """

    def __init__(self, control: ControlConfig, rules: str, name: str = '/policy') -> None:
        self._control, self._rules = control, rules
        self._name, self._prefix = name, name.rpartition('/')[0]
        self.received = self.refused = 0
        self.duplicates, self.stops_on_duplicates = '', False
        self.restart()

    def restart(self) -> None:
        """Forget votes and models."""
        self._policy = Policy(self._control)
        self.rule = self.reason_unrecognised = ''
        self._invalid = self._mismatch = self._refusal = self._fitting = ''
        self._sure_s = self._unsure_s = 0.0
        self._knows_model = False

    def check_model(self, model: str, read: Callable[[], 'ModelFacts'], *, alone: bool = True
                    ) -> dict[str, str]:
        """
        Compare the rules with a model that is in use.

        :param read: returns its facts, or raises a ConfigError if they cannot be read.
        :param alone: whether no other model is announced: a refused one may still be in use, and
            no message names its model.
        :return: sentences to log, by subject; an empty one ends a subject.
        """
        self._knows_model = True
        try:
            facts = read()
            self._check_use(facts.use, model)
            if self._refusal:
                return {'use': self._refusal}
            check_labels(self._control, tuple(facts.labels.values()), model)
        except ConfigError as error:
            self._mismatch, self.rule = f'{self._rules}: {error}', ''
            self._fitting = self._fit()
            return {'model': self._mismatch}
        if alone:
            self._mismatch = ''
            return {'model': ''}
        return {}

    def _check_use(self, use: str, model: str) -> None:
        try:
            check_use(use, model)
        except ConfigError as error:
            # latched: a second classifier for control would not make this one safe
            self._refusal, self.rule = str(error), ''
            self._fitting = self._fit(f'ros2 lifecycle set {self._name} deactivate && '
                                      f'ros2 lifecycle set {self._name} activate')

    def _fit(self, then: str = '') -> str:
        from digiphys_ros.control.fitting import fit_fix
        return fit_fix(self._control, self._rules, f'{self._prefix}/classifier', then)

    def decide(self, results: Iterable[tuple[str, float]], stamp_s: float, age_s: float,
               now_s: float) -> Decision | None:
        """
        Return the decision on one more image; None while nothing may be commanded.

        :param results: classes with their scores, none for an abstention.
        :param age_s: age of the image.
        """
        self.received += 1
        observation = best_of(results, stamp_s, age_s)
        self._invalid = observation.problem and f'refused: {observation.problem}'
        self.refused += bool(self._invalid)
        if self.silence or not self._knows_model:
            self.rule = ''
            self._note_unrecognised('', now_s)
            return None
        decision = self._policy.update(observation)
        self.rule = decision.rule or ''
        if decision.commands or decision.reason_unrecognised:
            self._note_unrecognised(decision.reason_unrecognised, now_s)
        return decision

    def _note_unrecognised(self, reason: str, now_s: float) -> None:
        self.reason_unrecognised = reason
        if not reason:
            self._sure_s = now_s
        self._unsure_s = now_s - self._sure_s

    @property
    def silence(self) -> str:
        """Return why no command may be given although classifications arrive, else ''."""
        if self._refusal or not (self._mismatch or self.stops_on_duplicates):
            return self._refusal
        return '; '.join(filter(None, (self._mismatch, self.duplicates)))

    @property
    def warning(self) -> str:
        """Return the problem while commands are given, else ''."""
        if self.received and not self._knows_model:
            return 'waits for vision_info, which describes the model'
        return '; '.join(filter(None, (self.duplicates, self._invalid, self._unsure())))

    def _unsure(self) -> str:
        """Return why no class is recognised, and the command meanwhile, else ''."""
        stands = self.rule == NOT_RECOGNISED
        if not stands and self._unsure_s < UNSURE_S:
            return ''
        reason = self.reason_unrecognised or 'a class is recognised again'
        return f'{NOT_RECOGNISED}: {reason}; ' + (
            'the safe state is commanded until one is for a while' if stands
            else f'rule {self.rule or "none"} stays active for a while')

    def fix(self) -> str:
        """Return the fix for ``silence`` or ``warning``."""
        if self._refusal or self._mismatch:
            return self._fitting
        if self._unsure() and not (self.duplicates or self._invalid):
            if self.reason_unrecognised.startswith('the images'):
                return f'ros2 topic delay {self._prefix}/image  # one camera alone must send ' \
                    'images, in order and in time: synchronize the clocks (chrony or PTP), or ' \
                    'reduce the load of the machine'
            return f'ros2 run rqt_image_view rqt_image_view {self._prefix}/debug_image  # the ' \
                'camera must show scenes like those in the training data'
        if not self._knows_model:
            return start_node(f'{self._prefix}/classifier') + \
                '; another classifier must publish vision_info (latched)'
        if self.duplicates:
            return keep_one(f'{self._prefix}/classification')
        return f'ros2 topic echo {self._prefix}/classification  # scores must be from 0 to 1'
