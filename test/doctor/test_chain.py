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

import math

from digiphys_ros.control.settings import GateSettings
from digiphys_ros.doctor.chain import Chain
from digiphys_ros.doctor.chain_check import check_chain, check_reports
from digiphys_ros.doctor.node_report import NodeReport
from digiphys_ros.fixes import allow_future
from digiphys_ros.perception.stamps import explain_stamp, StampMonitor
import pytest

pytestmark = [pytest.mark.parallel, pytest.mark.usefixtures('fixes_are_commands')]
IMAGES = ('/image', ['/driver'])
COMMANDS = {'base': ('/cmd_vel', ['/base'])}
FLOWING = {
    'classifier': {'received': 30, 'classified': 30},
    'policy': {'classifications': 30, 'rule': 'cruise'},
    'gate': {'base.accepted': 30, 'base.sent': 50, 'base.state': 'obeying', 'estop': ''},
}


def report(name, level=0, message='fresh', seconds=1.0, phase='active', **values):
    """Return a report of a node whose counters were zero in its first report."""
    texts = {key.replace('__', '.'): str(value) for key, value in values.items()}
    return NodeReport(name, level, message, {'phase': phase, **texts}, {}, seconds)


def chain(*without, prefix='', **changed):
    """Return a chain with messages on every link except those of the given nodes."""
    reports = {f'{prefix}/{role}': report(f'{prefix}/{role}', **values)
               for role, values in FLOWING.items() if role not in without}
    reports |= {f'{prefix}/{role}': one for role, one in changed.items()}
    return Chain(reports, prefix, IMAGES, COMMANDS)


def failed(one):
    found = check_chain(one)
    found += check_reports(one.reports, one.prefix, found)
    return [finding for finding in found if finding.status == 'fail']


def test_chain_with_messages_has_rates_and_no_finding():
    assert not failed(chain())
    assert [(link.source, link.target, link.rate_hz, link.status) for link in chain().links()] == [
        ('/driver', '/classifier', 30.0, 'ok'), ('/classifier', '/policy', 30.0, 'ok'),
        ('/policy', '/gate', 30.0, 'ok'), ('/gate', '/base', 50.0, 'ok')]
    assert not failed(chain(prefix='/robot'))


def test_chain_without_nodes_has_no_finding():
    empty = Chain({}, '', IMAGES, COMMANDS)
    assert empty.links() == failed(empty) == []


@pytest.mark.parametrize(('without', 'says'), [
    ('gate', 'no gate reports'), ('policy', 'no policy reports'),
    ('classifier', 'no classifier reports')])
def test_chain_missing_node_is_named(without, says):
    still = {'gate': report('/gate', base__accepted=0, base__state='waiting'),
             'policy': report('/policy', classifications=0)}
    changed = {role: one for role, one in still.items() if role != without}
    if without == 'gate':
        changed = {}
    [finding] = failed(chain(without, **changed))
    assert says in finding.found
    assert finding.fix
    link = [one for one in chain(without, **changed).links()
            if f'({without} does not report)' in (one.source, one.target)]
    assert link


def test_chain_reports_only_the_first_break():
    blind = report('/classifier', 1, 'black', received=30, classified=0, fix='ros2 topic hz image')
    one = chain(classifier=blind, policy=report('/policy', classifications=0),
                gate=report('/gate', 1, 'base: waiting', base__accepted=0, base__state='waiting'))
    [finding] = failed(one)
    assert finding.found == '/classifier receives images and classifies none: black'
    assert finding.fix == 'ros2 topic hz image'


@pytest.mark.parametrize(('refused', 'age_s', 'fix'), [
    ('stale', '0.91', 'digiphys run --set gate.lease_s=1  #'),
    ('future', '-0.02', 'digiphys run --set gate.future_tolerance_s=0.084  #'),
    ('repeated', '0.1', 'ros2 param dump /driver | grep'),
    ('missing_field', '0.1', 'ros2 param get /policy rules; ros2 param get /gate rules  #')])
def test_chain_gate_that_refuses_all_commands_names_the_reason(refused, age_s, fix):
    # the largest offset of ten seconds; the median of one is smaller
    values = {f'base__refused__{refused}': 30, 'base__images_ahead_ms': '83.4',
              'base__image_age_ms': float(age_s) * 1e3}
    gate = report('/gate', 1, 'base: waiting', base__accepted=0, base__state='waiting', **values)
    classifier = report('/classifier', received=30, classified=30, image_age_s=age_s)
    [finding] = failed(chain(gate=gate, classifier=classifier))
    assert f'refuses every command for base ({refused})' in finding.found
    assert finding.fix.startswith(fix)


def test_chain_gate_that_refuses_some_stamps_is_a_finding():
    values = {'base__accepted': 20, 'base__state': 'obeying'}
    [finding] = failed(chain(gate=report('/gate', base__refused__future=10, **values)))
    assert 'refuses some commands for base (future)' in finding.found
    assert not failed(chain(gate=report('/gate', base__refused__repeated=10, **values)))


def test_chain_rates_of_one_report_or_a_restart_are_unknown():
    once = report('/classifier', seconds=0.0, received=30, classified=30)
    again = NodeReport('/policy', 0, '', {'classifications': '3'}, {'classifications': '99'}, 1.0)
    links = chain(classifier=once, policy=again).links()
    assert [one.status for one in links] == ['unknown', 'unknown', 'ok', 'ok']
    assert not failed(chain(classifier=once, policy=again))


def test_chain_phases_and_estop_are_findings_in_addition_to_a_break():
    silent = report('/classifier', 1, 'no frames arrive on /image: nobody', received=0)
    gate = report('/gate', phase='inactive', base__accepted=0, base__state='inactive')
    policy = report('/policy', classifications=0)
    found = failed(chain(classifier=silent, gate=gate, policy=policy))
    assert [one.check for one in found] == ['state of /gate', 'chain']
    unconfigured = report('/gate', phase='unconfigured', message='')
    [waits] = [one for one in failed(chain(gate=unconfigured)) if one.check == 'state of /gate']
    assert waits.fix.startswith('ros2 lifecycle set /gate configure && ros2 lifecycle set /gate')
    vanished = report('/gate', estop='pressed: /button (vanished)', base__state='estopped')
    [latched] = [one for one in failed(chain(gate=vanished)) if one.check == 'e-stop latch']
    assert '/gate/override_estop' in latched.fix


def test_check_reports_errors_of_drivers_and_other_robots_do_not_fail():
    reports = {'usb_cam: status': report('usb_cam: status', 2, 'no device'),
               '/r2/gate': report('/r2/gate', 2, 'broken')}
    found = check_reports(reports, '/r1', [])
    assert [(one.status, one.found) for one in found] == [('warn', 'no device')]


def test_chain_of_advice_has_no_policy_and_no_gate():
    one = Chain({'/classifier': report('/classifier', received=9, classified=9),
                 '/triage': report('/triage')}, '', IMAGES, {})
    assert len(one.links()) == 1
    assert not failed(one)


def test_explain_stamp_ticking_clock_gives_no_offset():
    assert explain_stamp(1.7e9, -0.02, 0.02, behind_s=0.05) == ('', '')
    assert '0.070 s ahead' in explain_stamp(1.7e9, -0.07, 0.07, behind_s=0.05)[0]


@pytest.mark.parametrize(('stamp_s', 'age_s', 'says', 'command'), [
    (0.0, 1.7e9, 'stamped 0', "ros2 param dump /usb_cam | grep -iE 'stamp|time'  #"),
    (51.0, 1.7e9, '19676 days', 'ros2 param dump /usb_cam'),
    (1.7e9, 86400.0, '86400.000 s old', 'sudo chronyc'),
    (1.7e9, -0.02, '0.031 s ahead', 'digiphys run --set gate.future_tolerance_s=0.032  #'),
    (1.7e9, 0.02, '', ''), (1.7e9, -0.0005, '', ''), (3.0, 0.1, '', '')])
def test_explain_stamp_has_age_or_offset_in_numbers(stamp_s, age_s, says, command):
    sentence, fix = explain_stamp(stamp_s, age_s, 0.0312, ['/usb_cam'])
    assert says in sentence
    assert fix.startswith(command)
    assert bool(sentence) == bool(fix) == bool(says)


@pytest.mark.parametrize(('ahead_s', 'command'), [
    (0.1, 'digiphys run --set gate.future_tolerance_s=0.1  #'), (0.1001, 'sudo chronyc makestep'),
    (math.nan, 'sudo chronyc makestep')])
def test_allow_future_names_a_tolerance_that_the_gate_accepts(ahead_s, command):
    assert allow_future(ahead_s).startswith(command)


def test_stamp_monitor_returns_the_median_age_since_the_last_call():
    monitor = StampMonitor()
    assert monitor.take() is None
    for stamp_s in (9.0, 9.8, 9.9):
        monitor.add(stamp_s, 10.0)
    newest_s, age_s, ahead_s = monitor.take()
    assert ahead_s == 0.0
    assert newest_s == 9.9
    assert age_s == pytest.approx(0.2)
    assert monitor.take() is None


def test_stamp_monitor_keeps_the_largest_offset_for_a_while():
    monitor = StampMonitor()
    for stamps_s, largest_s in (((10.05, 10.01), 0.05), *[((10.02,), 0.05)] * 9, ((10.02,), 0.02)):
        for stamp_s in stamps_s:
            monitor.add(stamp_s, 10.0)
        assert monitor.take()[2] == pytest.approx(largest_s)


def test_explain_stamp_tolerance_matches_the_gate():
    allowed_s = GateSettings().future_tolerance_s
    assert explain_stamp(1.8e9, -0.9 * allowed_s, 0.9 * allowed_s) == ('', '')
    assert 'ahead of the clock' in explain_stamp(1.8e9, -1.1 * allowed_s, 1.1 * allowed_s)[0]
