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

"""Generate random cases for a gate: an actuator and a sequence of timed events."""

from dataclasses import dataclass
import math
from random import Random
from typing import Any

from digiphys_ros.control import Actuator, Limits
from digiphys_ros.control.signals import SignalPlan

Event = tuple[Any, ...]
"""Name, seconds since the previous event, arguments."""

HEADS = ('north', 'south', 'east')
CONFLICTS = {'north': ('east',), 'south': ('east',), 'east': ('north', 'south')}
PHASES = {'through': ('north', 'south'), 'cross': ('east',)}
REQUEST = Limits(0.0, 1.0, 0.0)


def _signals(safe: str) -> Actuator:
    plan = SignalPlan(HEADS, CONFLICTS, PHASES, min_green_s=0.7, max_green_s=1.5, yellow_s=0.4,
                      all_red_s=0.25, safe=safe)
    return Actuator('signals', 'heads', dict.fromkeys(PHASES, REQUEST), plan=plan)


ACTUATORS = {
    'base': Actuator('twist_stamped', 'cmd_vel', {
        'linear.x': Limits(0.0, 0.6, 0.0, 2.0), 'angular.z': Limits(-1.0, 1.0, 0.25, 4.0)}),
    'slowed base': Actuator('twist_stamped', 'cmd_vel', {
        'linear.x': Limits(-0.3, 0.6, 0.0, 1.0, max_decel_per_s=2.0),
        'angular.z': Limits(-1.0, 1.0, 0.0, 4.0)}),
    'eased base': Actuator('twist', 'cmd_vel', {
        'linear.x': Limits(-0.3, 0.6, 0.0, 1.0, max_decel_per_s=2.0, max_jerk_per_s2=4.0),
        'angular.z': Limits(-1.0, 1.0, 0.0, 4.0, max_jerk_per_s2=20.0)}),
    'brake': Actuator('bool', 'brake', {'data': Limits(0.0, 1.0, 1.0)}),
    'lane': Actuator('float64', 'lane', {'data': Limits(0.0, 2.0, 1.0, 3.0)}),
    'held arm': Actuator('joint_trajectory', 'arm', {
        'elbow': Limits(-0.5, 1.0, None, 3.0),
        'wrist': Limits(0.0, 2.0, None, 5.0, max_jerk_per_s2=40.0)}),
    'homed arm': Actuator('joint_trajectory', 'arm', {
        'elbow': Limits(-0.5, 1.0, 0.0, 3.0, stop_rate_per_s=1.5),
        'wrist': Limits(0.0, 2.0, 0.5, 2.0, stop_rate_per_s=4.0)}),
    'held lane': Actuator('float64', 'lane', {'data': Limits(0.0, 2.0, None, 3.0)}),
    'homed lane': Actuator('message', 'lane', {
        'a': Limits(0.0, 2.0, 0.5, 3.0, stop_rate_per_s=1.5, max_jerk_per_s2=20.0),
        'b': Limits(-1.0, 1.0, 0.0, 4.0, stop_rate_per_s=6.0)}),
    'red heads': _signals('all_red'),
    'flashing heads': _signals('flashing'),
}
NAMES = tuple(ACTUATORS)


@dataclass(frozen=True)
class Case:
    """
    One gate and its clocks.

    :ivar one_clock: steady time is not given.
    :ivar place: start position of joints, as a fraction of their range.
    :ivar settle_s: how long nothing is obeyed after an image from the future.
    """

    actuator: str
    lease_s: float
    ahead_s: float
    start_s: float
    one_clock: bool
    place: float
    settle_s: float = 10.0


def draw_case(random: Random) -> Case:
    """Return a gate."""
    return Case(NAMES[int(random.random() * len(NAMES))], random.choice((0.1, 0.5, 1.3)),
                random.choice((0.0, 0.001, 0.05)), random.choice((0.0, 1000.0, 1.76e9)),
                random.random() < 0.2, random.random(), random.choice((0.1, 0.5, 10.0)))


def draw_events(random: Random, case: Case, count: int) -> list[Event]:
    """Return events; a random rhythm makes some sequences calm enough for motion."""
    draw, calm = random.random, random.choice((0.7, 0.93, 0.99))
    fields = ACTUATORS[case.actuator].fields
    events: list[Event] = [('activate', 0.0)] if draw() < 0.9 else []
    goal = _values(draw, fields)
    while len(events) < count:
        if draw() < 0.05:
            goal = _values(draw, fields)
        dice = draw()
        if dice < 0.5:
            events.append(('step', _pause(draw, calm)))
        elif draw() < calm:
            events.append(('submit', _pause(draw, calm), goal, 'age', draw() * 0.08))
        elif draw() < 0.6:
            events.append(_odd_submit(random, case, goal, _pause(draw, calm)))
        else:
            event = _rare(random, case, _pause(draw, calm))
            events.append(event)
            if event[0] in ('estop', 'trip', 'deactivate') and draw() < 0.8:
                events += [('step', 0.02), ('estop', 0.02, False), ('reset', 0.0),
                           ('activate', 0.01)]
    events.append(('last', 0.0))
    return events


def _pause(draw: Any, calm: float) -> float:
    dice = draw()
    if dice < 0.1:
        return 0.0
    if dice < 0.1 + 0.9 * calm:
        return draw() * 0.03
    return draw() * (0.3 if dice < 0.99 else 3.0 if dice < 0.998 else 30.0)


def _values(draw: Any, fields: Any) -> dict[str, float]:
    if draw() < 0.15:
        return {name: one.min if one.safe is None else one.safe for name, one in fields.items()}
    if next(iter(fields.values())).max_rate_per_s is None:
        return {name: float(draw() < 0.5) for name in fields}
    return {name: one.min + draw() * (one.max - one.min) for name, one in fields.items()}


def _odd_submit(random: Random, case: Case, goal: dict[str, float], pause_s: float) -> Event:
    draw = random.random
    values = dict(goal)
    name = random.choice(tuple(values))
    what = random.choice(('stale', 'future', 'again', 'before', 'stamp', 'value', 'unknown',
                          'missing', 'half', 'limits', 'old stop', 'edge', 'new'))
    how: tuple[str, float] = ('age', draw() * 0.05)
    if what == 'stale':
        how = 'age', case.lease_s * (0.8 + draw())
    elif what == 'future':
        how = 'age', -draw() * 0.1
    elif what == 'edge':
        how = 'age', random.choice((case.lease_s, -case.ahead_s, 0.0))
    elif what in ('again', 'before'):
        how = 'after', 0.0 if what == 'again' else -draw() * 0.2
    elif what == 'stamp':
        how = 'at', random.choice((math.nan, math.inf, -math.inf, 0.0, 1e308))
    elif what == 'value':
        values[name] = random.choice((math.nan, math.inf, -math.inf))
    elif what == 'unknown':
        values['other'] = 0.0
    elif what == 'missing':
        del values[name]
    elif what == 'half':
        values[name] = draw()
    elif what == 'limits':
        values[name] = random.choice((-1e308, 1e308, -3.0, 3.0, 5e-324))
    elif what == 'old stop':
        values = {name: one.safe or 0.0 for name, one in ACTUATORS[case.actuator].fields.items()}
        how = random.choice((('after', 0.0), ('after', -0.1), ('age', 5.0)))
    else:
        values = _values(draw, ACTUATORS[case.actuator].fields)
    return ('submit', pause_s, values, *how)


def _rare(random: Random, case: Case, pause_s: float) -> Event:
    draw = random.random
    what = random.choice(('estop', 'release', 'release', 'trip', 'reset', 'reset', 'activate',
                          'activate', 'deactivate', 'fault', 'guarded', 'jump', 'blind', 'forget',
                          'ends', 'pace', 'pace'))
    if what in ('estop', 'release'):
        return 'estop', pause_s, what == 'estop'
    if what == 'jump':
        most_s = random.choice((0.001, 0.3, 2.0, 1e4))
        return 'jump', pause_s, (2.0 * draw() - 1.0) * most_s
    if what == 'pace':
        return 'pace', pause_s, random.choice((0.0, 0.5, 1.0, 1.0, 1.5))
    if what == 'blind':
        broken = random.choice((math.nan, math.inf, -math.inf))
        clocks = random.choice(((broken, None), (None, broken), (broken, broken)))
        return 'blind', pause_s, random.choice(('step', 'submit', 'reset')), *clocks
    if what == 'forget':
        return 'forget', pause_s, draw()
    return what, pause_s
