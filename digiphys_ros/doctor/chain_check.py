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

"""Find where the chain from image to actuator is broken, and why."""

from collections.abc import Iterator, Mapping, Sequence

from digiphys_ros.doctor.chain import actuators, Chain, command_counters, ROLES
from digiphys_ros.doctor.finding import Finding
from digiphys_ros.doctor.node_report import ERROR, NodeReport, WARN
from digiphys_ros.fixes import (
    allow_future,
    configure_again,
    keep_one,
    lengthen_lease,
    reset_estop,
    restamp,
    show_output,
    start_node,
)

FUTURE = 'future'
STAMP_REFUSALS = ('stale', FUTURE, 'repeated', 'out_of_order')

_Break = tuple[set[str], Finding]
"""A link without messages: the roles of the nodes that may cause it, and the finding."""


def check_chain(chain: Chain) -> list[Finding]:
    """Report each node that is inactive or e-stopped, and the first link without messages."""
    if not any(map(chain.report, ROLES)):
        return []
    states = {role: list(_state(report)) for role in ROLES if (report := chain.report(role))}
    findings = [finding for found in states.values() for finding in found]
    faulty = {role for role, found in states.items()
              if found or chain.reports[f'{chain.prefix}/{role}'].level >= ERROR}
    broken = _first_break(chain)
    if broken is not None:
        ends, finding = broken
        # do not report consequences of a node that is inactive
        if not faulty & ends:
            findings.append(finding)
    return findings


def check_reports(reports: Mapping[str, NodeReport], prefix: str, found: Sequence[Finding]
                  ) -> list[Finding]:
    """
    Return the errors that nodes report, and their warnings that no other finding explains.

    :param found: earlier findings.
    """
    fails = any(one.status == 'fail' for one in found)
    known = ' '.join(one.found for one in found)
    findings = []
    for name, report in sorted(reports.items()):
        own = name.startswith(f'{prefix}/')
        # drivers of cameras and bases may name their reports without a slash
        if report.level >= ERROR and (own or not name.startswith('/')):
            findings.append(Finding(
                f'diagnostics of {name}', 'fail' if own else 'warn', report.message,
                report.fix or show_output(name)))
        # another finding explains a gate without commands
        elif report.level == WARN and own and report.message not in known and not (
                fails and name.endswith('/gate')):
            findings.append(Finding(f'diagnostics of {name}', 'warn', report.message,
                                    report.fix or show_output(name)))
    return findings


def _state(report: NodeReport) -> Iterator[Finding]:
    """Report a node that is inactive, unconfigured, finalized or e-stopped."""
    check = f'state of {report.name}'
    if report.level >= ERROR and report.phase == 'unconfigured':
        # `check_reports` reports the reason
        return
    if report.phase == 'inactive':
        yield Finding(check, 'fail', f'{report.name} is configured and not active',
                      f'ros2 lifecycle set {report.name} activate')
    elif report.phase in ('unconfigured', 'finalized'):
        yield Finding(
            check, 'fail', f'{report.name} is {report.phase}: {_waits(report)}',
            start_node(report.name) if report.phase == 'finalized' else
            configure_again(report.name))
    elif any(report.values.get(f'{name}.state') == 'estopped' for name in actuators(report)):
        yield _estop(report)


def _waits(report: NodeReport) -> str:
    return report.message if report.message != report.phase else \
        'it waits for a lifecycle manager (`autostart` is false)'


def _estop(gate: NodeReport) -> Finding:
    pressed = gate.values.get('estop', '')
    why = f', {pressed}' if pressed else \
        ': an e-stop was pressed and released, and stays latched until a reset'
    return Finding('e-stop latch', 'fail', f'{gate.name} is e-stopped{why}',
                   reset_estop(gate.name, pressed))


def _first_break(chain: Chain) -> _Break | None:
    """Return the first link without messages, as the roles at its ends and a finding."""
    _, policy, gate = map(chain.report, ROLES)
    names = actuators(gate)
    if gate and names and all(gate.rate(f'{name}.accepted') for name in names):
        # the gate obeys commands of any origin
        return _gate_break(chain)
    images = _images_break(chain, silent=_silent(policy, 'classifications'))
    if images or chain.is_advice():
        return images
    return _policy_break(chain) or _gate_break(chain)


def _images_break(chain: Chain, *, silent: bool) -> _Break | None:
    classifier = chain.report('classifier')
    if classifier is None:
        if not silent:
            return None
        return set(), _fail('no classifier reports: images are not classified',
                            start_node(f'{chain.prefix}/classifier'))
    if not _silent(classifier, 'classified'):
        return None
    if _silent(classifier, 'received'):
        found = f'no images reach {classifier.name}'
    else:
        found = f'{classifier.name} receives images and classifies none'
    return {'classifier'}, _fail(f'{found}: {classifier.message}', classifier.fix
                                 or show_output(classifier.name))


def _policy_break(chain: Chain) -> _Break | None:
    classifier, policy, gate = map(chain.report, ROLES)
    if gate is None:
        return set(), _fail('no gate reports: no commands are sent to the actuator',
                            start_node(f'{chain.prefix}/gate'))
    if not _silent(gate, *(key for name in actuators(gate)
                           for key in command_counters(gate, name))):
        return None
    if policy is None:
        return set(), _fail('no policy reports: classifications do not lead to commands',
                            start_node(f'{chain.prefix}/policy'))
    if _silent(policy, 'classifications'):
        return {'classifier', 'policy'}, _fail(
            f'no classifications reach {policy.name}', 'ros2 topic info --verbose '
            f'{chain.prefix}/classification  # start classifier and policy in one namespace, and '
            'remap `classification` of both to the same topic')
    found = f'{policy.name} sends no commands'
    if policy.level < ERROR and classifier and classifier.fix:
        # faults of the images come first, as late images give too few votes
        return {'policy'}, _fail(f'{found}: {classifier.message}', classifier.fix)
    return {'policy'}, _fail(
        f'{found}: {policy.message}', policy.fix or _same_rules(policy.name, gate.name))


def _same_rules(policy: str, gate: str) -> str:
    return f'ros2 param get {policy} rules; ros2 param get {gate} rules  # both need the same ' \
        'file, as with `digiphys run --set rules=FILE`'


def _gate_break(chain: Chain) -> _Break | None:
    gate = chain.report('gate')
    for name in actuators(gate):
        assert gate is not None
        refused = {key.removeprefix(f'{name}.refused.'): gate.count(key)
                   for key in command_counters(gate, name)
                   if '.refused.' in key and not _silent(gate, key)}
        # a single command from the future stops the actuator until the next command
        if refused and (FUTURE in refused or _silent(gate, f'{name}.accepted')):
            return {'gate'}, _refused(chain, gate, name, refused)
    return None


def _refused(chain: Chain, gate: NodeReport, name: str, refused: Mapping[str, int]) -> Finding:
    classifier = chain.report('classifier')
    reason = FUTURE if FUTURE in refused else max(refused, key=lambda one: refused[one])
    every = 'every command' if _silent(gate, f'{name}.accepted') else 'some commands'
    found = f'{gate.name} refuses {every} for {name} ({reason})'
    fix = _refusal_fix(chain, gate, name, reason)
    if reason not in STAMP_REFUSALS or classifier is None:
        return _fail(f'{found}: {gate.message}', fix)
    if classifier.fix and reason != FUTURE:
        return _fail(f'{found}: {classifier.message}', classifier.fix)
    if classifier.fix:
        # the gate knows the largest recent offset
        return _fail(f'{found}: {classifier.message}', fix)
    age_s = classifier.values.get('image_age_s', '?')
    return _fail(f'{found}: images are {age_s} s old on arrival; {gate.message}', fix)


def _refusal_fix(chain: Chain, gate: NodeReport, name: str, reason: str) -> str:
    if reason == FUTURE:
        return allow_future(gate.number(f'{name}.images_ahead_ms') * 1e-3)
    if reason == 'stale':
        return lengthen_lease(gate.number(f'{name}.image_age_ms') * 1e-3)
    if reason == 'repeated':
        return restamp(chain.images[1], why='give each image its own stamp')
    if reason == 'out_of_order':
        return keep_one(chain.images[0])
    return _same_rules(f'{chain.prefix}/policy', gate.name)


def _silent(report: NodeReport | None, *keys: str) -> bool:
    return report is None or report.rate(*keys) == 0


def _fail(found: str, fix: str) -> Finding:
    return Finding('chain', 'fail', found, fix)
