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

"""Rules applied to classifications, as long as the model behind them fits the rules."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from digiphys_ros.control.config import check_labels, check_use, ControlConfig
from digiphys_ros.control.policy import best_of, Decision, NOT_RECOGNISED, Policy
from digiphys_ros.errors import ConfigError
from digiphys_ros.fixes import keep_one, start_node

if TYPE_CHECKING:
    from digiphys_ros.contracts import ModelFacts

UNSURE_S = 1.0
"""Images without a recognised class for so long are worth a warning, whatever rule goes on."""


class Decider:
    """
    Decide on one classification after another, and say why nothing is commanded.

    It commands once a model was met that may lead to commands and has every class that the rules
    name. A model for advice silences it until ``restart``.

    Example::

        decider = Decider(load_control(path), 'my_rules.yaml')
        decider.meet('my_model', lambda: ModelFacts(labels=labels, use='control'))
        decision = decider.decide([('stop', 0.97)], stamp_s, age_s, now_s)

    :param rules: name of the rules file, for sentences.
    :param name: of the node, for fixes.
    :ivar duplicates: a sentence when several nodes send classifications; set from outside.
    :ivar stops_on_duplicates: whether nothing is commanded then.
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
        self.rule = self.doubt = ''
        self._impossible = self._mismatch = self._refusal = self._fitting = ''
        self._sure_s = self._unsure_s = 0.0
        self._knows_model = False

    def meet(self, model: str, read: Callable[[], 'ModelFacts'], *, alone: bool = True
             ) -> dict[str, str]:
        """
        Compare the rules with a model that is at work.

        :param read: returns its facts, or raises a ConfigError when they cannot be read.
        :param alone: whether no other model is announced: one that was refused may be at work
            beside this one, and no message says whose it is.
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
            # latched: a second classifier that may command would not make this one harmless
            self._refusal, self.rule = str(error), ''
            self._fitting = self._fit(f'ros2 lifecycle set {self._name} deactivate && '
                                      f'ros2 lifecycle set {self._name} activate')

    def _fit(self, then: str = '') -> str:
        from digiphys_ros.control.fitting import fit_fix
        return fit_fix(self._control, self._rules, f'{self._prefix}/classifier', then)

    def decide(self, results: Iterable[tuple[str, float]], stamp_s: float, age_s: float,
               now_s: float) -> Decision | None:
        """
        Return what the rules say about one more image; None while nothing may be commanded.

        :param results: classes with their scores, none for an abstention.
        :param age_s: of the image.
        """
        self.received += 1
        observation = best_of(results, stamp_s, age_s)
        self._impossible = observation.problem and f'refused: {observation.problem}'
        self.refused += bool(self._impossible)
        if self.silence or not self._knows_model:
            self.rule = ''
            self._note_doubt('', now_s)
            return None
        decision = self._policy.update(observation)
        self.rule = decision.rule or ''
        if decision.commands or decision.doubt:
            self._note_doubt(decision.doubt, now_s)
        return decision

    def _note_doubt(self, doubt: str, now_s: float) -> None:
        self.doubt = doubt
        if not doubt:
            self._sure_s = now_s
        self._unsure_s = now_s - self._sure_s

    @property
    def silence(self) -> str:
        """Return why no command may be given although classifications come, else ''."""
        if self._refusal or not (self._mismatch or self.stops_on_duplicates):
            return self._refusal
        return '; '.join(filter(None, (self._mismatch, self.duplicates)))

    @property
    def warning(self) -> str:
        """Return what is wrong while commands are given, else ''."""
        if self.received and not self._knows_model:
            return 'waits for vision_info, which tells what classifies'
        return '; '.join(filter(None, (self.duplicates, self._impossible, self._unsure())))

    def _unsure(self) -> str:
        """Return why no class is recognised, and what is commanded meanwhile, else ''."""
        stands = self.rule == NOT_RECOGNISED
        if not stands and self._unsure_s < UNSURE_S:
            return ''
        return f'{NOT_RECOGNISED}: {self.doubt or "a class is recognised again"}; ' + (
            'the safe state is commanded until one is for a while' if stands
            else f'rule {self.rule or "none"} goes on for a while')

    def fix(self) -> str:
        """Return what to do about ``silence`` or ``warning``."""
        if self._refusal or self._mismatch:
            return self._fitting
        if self._unsure() and not (self.duplicates or self._impossible):
            if self.doubt.startswith('the images'):
                return f'ros2 topic delay {self._prefix}/image  # let one camera alone send ' \
                    'images, in order and soon: synchronize the clocks (chrony or PTP), or take ' \
                    'load off the machine'
            return f'ros2 run rqt_image_view rqt_image_view {self._prefix}/debug_image  # the ' \
                'camera has to show what the model was trained on'
        if not self._knows_model:
            return start_node(f'{self._prefix}/classifier') + \
                '; another classifier has to publish vision_info (latched)'
        if self.duplicates:
            return keep_one(f'{self._prefix}/classification')
        return f'ros2 topic echo {self._prefix}/classification  # scores have to be from 0 to 1'
