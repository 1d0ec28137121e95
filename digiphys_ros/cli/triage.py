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

"""``digiphys triage``: show the review queue, record decisions, verify the audit log."""

import argparse
from pathlib import Path
import sys
import time
from typing import Any

from digiphys_ros.cli.output import write_json
from digiphys_ros.errors import UsageError


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'triage', help='review advice, record decisions, verify the audit log',
        description='Work with the audit log of the triage node, while it runs or '
                    'afterwards.')
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)
    review = _action(actions, 'review', 'list the open cases, uncertain ones first')
    review.add_argument('--json', metavar='FILE', help='write the cases; - is standard output')
    decide = _action(actions, 'decide', 'record what a person decided on one case')
    decide.add_argument('case', metavar='CASE', help='case as listed by review')
    decide.add_argument('label', metavar='CLASS', help='class of the image')
    decide.add_argument('--by', required=True, metavar='NAME', help='who decided')
    decide.add_argument('--note', default='', metavar='TEXT', help='reason of the decision')
    verify = _action(actions, 'verify', 'find entries that were changed, removed or cut off')
    verify.add_argument('--expected-hash', default='', metavar='HASH',
                        help='hash of an entry that must be in the log, such as the last one '
                             'printed by the triage node')


def _action(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    parser.add_argument('log', metavar='LOG', help='the audit log')
    parser.add_argument('--key', default='', metavar='FILE',
                        help='key file of the log (audit_key of the node)')
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    return {'review': _review, 'decide': _decide, 'verify': _verify}[arguments.action](arguments)


def _review(arguments: argparse.Namespace) -> int:
    from digiphys_ros.advice import AuditLog, review
    everything = AuditLog(_existing(arguments.log), _key(arguments)).follow()
    queue = review(everything)
    entries = {entry['case']: entry for entry in everything if entry['kind'] == 'advice'}
    cases = [entries[case.id] for case in queue.open]
    if arguments.json:
        write_json({'log': arguments.log, 'decided': len(entries) - len(cases), 'open': [
            # older logs call it evidence, or have none
            {key: case.get(key) for key in (
                'case', 'time', 'label', 'margin', 'scores', 'reason', 'bundle', 'sha256')}
            | {'explanation': case.get('explanation', case.get('evidence'))}
            for case in cases]}, arguments.json)
    if arguments.json != '-':
        sys.stdout.write(''.join(f'{place:4d}  {case["case"]}  {case["reason"]}\n'
                                 for place, case in enumerate(cases, 1)))
        sys.stdout.write(f'{len(cases)} open, {len(entries) - len(cases)} decided\n')
    return 0


def _decide(arguments: argparse.Namespace) -> int:
    from digiphys_ros.advice import AuditLog, Desk
    desk = Desk(AuditLog(_existing(arguments.log), _key(arguments)))
    entry = desk.decide(arguments.case, arguments.label, arguments.by, arguments.note,
                        time.time())
    sys.stdout.write(f'entry {entry["index"]} {entry["hash"]}\n{len(desk.queue.open)} open\n')
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from digiphys_ros.advice import verify
    finding = verify(_existing(arguments.log), arguments.expected_hash, _key(arguments))
    for note in finding.notes:
        sys.stdout.write(f'NOTE     {note}\n')
    for problem in finding.problems:
        sys.stdout.write(f'PROBLEM  {problem}\n')
    sys.stdout.write(f'{finding.entries} entries, last hash {finding.head}: '
                     f'{"CHANGED" if finding.problems else "unchanged"}\n')
    return 1 if finding.problems else 0


def _key(arguments: argparse.Namespace) -> bytes:
    from digiphys_ros.advice import read_key
    return read_key(arguments.key) if arguments.key else b''


def _existing(log: str) -> str:
    if not Path(log).exists():
        raise UsageError(f'{log}: there is no such audit log: name that of the triage node.')
    return log
