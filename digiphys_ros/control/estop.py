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

"""The e-stop input: the publishers that press, vanish while pressed, or go silent."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
import math

REMEMBERED = 1000
"""How many messages of a publisher are remembered, to recognise those received twice."""

UNHEARD = ('published and not heard once (a process of another user or container? '
           'Or a button that sends only when it is pressed: make it send its state, or set '
           'estop_unheard_stops to false)')

Publisher = bytes
"""The identity of a publisher: its gid in the middleware."""


@dataclass
class _Button:
    name: str
    pressed: bool = False
    heard_s: float = -math.inf
    seen_s: float = -math.inf
    newest: int = -1
    sequences: set[int] = field(default_factory=set)
    order: deque[int] = field(default_factory=deque)
    gone: bool = False

    def knows(self, sequence: int) -> bool:
        """Return whether a message was received before, and store it."""
        if sequence in self.sequences:
            return True
        self.sequences.add(sequence)
        self.order.append(sequence)
        if len(self.order) > REMEMBERED:
            self.sequences.remove(self.order.popleft())
        return False


class EstopInput:
    """
    Keep the state of every publisher on the e-stop topic; one pressed publisher is enough.

    Times are steady seconds. A publisher that vanishes while it is pressed stays pressed until
    ``override``: a cut cable must not release a robot. With ``required``, silence counts as a
    press too, and so does a publisher that vanishes.

    :param required: at least one publisher must exist, and each must send at least every
        ``timeout_s``.
    :param timeout_s: time that a publisher has for its first message.
    :param unheard_stops: whether a publisher that never sent anything counts as a press:
        messages of another user's process or of a container may never arrive.
    :ivar heard: whether any publisher was heard since the start.
    """

    def __init__(self, required: bool = False, timeout_s: float = 1.0,
                 unheard_stops: bool = True) -> None:
        self.required, self.timeout_s = required, timeout_s
        self.unheard_stops = unheard_stops
        self.heard = False
        self._vanished = False
        self._buttons: dict[Publisher, _Button] = {}

    def receive(self, publisher: Publisher, pressed: bool, steady_s: float,
                sequence: int | None = None) -> bool:
        """
        Take one message.

        :param sequence: the publisher's number for the message, where the middleware has one: a
            message that two subscriptions receive counts once.
        :return: whether it is a press.
        """
        button = self._buttons.setdefault(publisher, _Button(_short(publisher)))
        if sequence is not None:
            if button.knows(sequence):
                return False
            if sequence < button.newest:
                # a press that another subscription missed: it trips the gate, and is over already
                return pressed
            button.newest = sequence
        button.pressed, button.heard_s, button.gone = pressed, steady_s, False
        self.heard = True
        return pressed

    def update_publishers(self, publishers: Iterable[tuple[Publisher, str]],
                          steady_s: float) -> None:
        """Update with the publishers that are on the topic now, each with its node's name."""
        present = dict(publishers)
        for publisher, button in list(self._buttons.items()):
            if publisher in present:
                button.name, button.gone = present[publisher], False
            elif button.pressed:
                button.gone = True
            else:
                self._vanished |= self.required and button.heard_s > -math.inf
                del self._buttons[publisher]
        for publisher, name in present.items():
            self._buttons.setdefault(publisher, _Button(name, seen_s=steady_s))

    def take_vanished(self) -> bool:
        """Return whether a publisher of a required e-stop vanished since the last call."""
        vanished, self._vanished = self._vanished, False
        return vanished

    def restart(self, required: bool, timeout_s: float, unheard_stops: bool = True) -> None:
        """Restart with other settings; a pressed publisher stays pressed."""
        self.required, self.timeout_s, self.heard = required, timeout_s, False
        self.unheard_stops, self._vanished = unheard_stops, False
        self._buttons = {publisher: button for publisher, button in self._buttons.items()
                         if button.pressed}

    def override(self) -> list[str]:
        """Forget publishers that vanished while pressed; return their names."""
        gone = {one: button.name for one, button in self._buttons.items() if button.gone}
        for publisher in gone:
            del self._buttons[publisher]
        return sorted(gone.values())

    def pressed_by(self) -> str:
        """Return a sentence with the pressed publishers; empty when none is pressed."""
        names = sorted(f'{button.name} (vanished)' if button.gone else button.name
                       for button in self._buttons.values() if button.pressed)
        return f'pressed: {", ".join(names)}' if names else ''

    def silence(self, steady_s: float, *, to_start: bool = False) -> str:
        """
        Return why the e-stop cannot be trusted now; empty when it can.

        :param to_start: every publisher must have been heard. Later, a new publisher has
            ``timeout_s`` for its first message.
        """
        if self.required:
            late = sorted(button.name for button in self._buttons.values() if steady_s - max(
                button.heard_s, -math.inf if to_start else button.seen_s) > self.timeout_s)
            if late:
                return f'required and silent for {self.timeout_s} s: {", ".join(late)}'
            return '' if self._buttons else 'required and nobody publishes it'
        if not self.unheard_stops:
            return ''
        unheard = sorted(
            button.name for button in self._buttons.values() if button.heard_s == -math.inf
            and (to_start or steady_s - button.seen_s > self.timeout_s))
        return f'{UNHEARD}: {", ".join(unheard)}' if unheard else ''


def _short(publisher: Publisher) -> str:
    return f'publisher {publisher.hex()[-8:]}'
