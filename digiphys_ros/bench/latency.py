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

"""End-to-end latency, from image capture to command, and its lower bound."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
import time
from typing import Any

from digiphys_ros.bench.bundles import LARGE, make_bundles, Model, rules_for_any, SIGNS
from digiphys_ros.bench.lower_bound import (
    copy_ms,
    image_latencies_ms,
    model_ms,
    small_message_latencies_ms,
)
from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bench.running import (
    check_limit,
    cpu_s,
    format_rate,
    is_active,
    observe,
    run_nodes,
    settle,
    Source,
    terminate_after,
    wait,
    wait_until_sent,
)
from digiphys_ros.errors import BenchmarkError
from digiphys_ros.metrics import percentile
from tqdm import tqdm

SIZES = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
USUAL = Source(640, 480)
FULL_HD = Source(1920, 1080)
SOURCES = [Source(*size, encoding=encoding) for encoding in ('raw', 'jpeg') for size in SIZES]
BRANCHES = ('separate', 'pipeline')
LEAST_RECEIVED, LEAST_OBEYED = 0.95, 0.9
"""Fractions that the short form accepts."""
MARGIN_S = 0.5
"""Processor time is measured from the first answer until this long before the last frame."""
FRACTIONS = ('received', 'answered', 'obeyed')
COLUMNS = (
    'case', 'camera [Hz]', *FRACTIONS, 'model', 'model, paced', 'bare transport',
    'tuned transport', 'copy', 'p50 (lowest to highest)', 'p99', 'p99.9', 'overhead',
    '/ lower bound', '/ tuned lower bound', 'processor time a frame [ms]')

Case = tuple[Source, str, str]
"""The source, the bundle, and whether classifier and policy run in one process."""


def cases_of(short: bool, bundles: Mapping[str, Model]) -> list[Case]:
    """Return the cases to measure; the short form has the usual case in both branches."""
    if short:
        return [(USUAL, SIGNS, branch) for branch in BRANCHES]
    return [*((source, SIGNS, 'separate') for source in SOURCES),
            *((USUAL, bundle, 'separate') for bundle in bundles if bundle != SIGNS),
            *((source, bundle, 'pipeline') for source, bundle in (
                (USUAL, SIGNS), (FULL_HD, SIGNS), (USUAL, LARGE)))]


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return cases and limits: medians of interleaved rounds."""
    bundles = make_bundles(options.work, options.engine, (SIGNS,) if options.short else ())
    cases = cases_of(options.short, bundles)
    rules = rules_for_any(options.work)
    rounds = [_round(cases, bundles, rules, options.seconds, number)
              for number in range(options.rounds)]
    return summary(cases, rounds)


def _round(cases: list[Case], bundles: Mapping[str, Model], rules: Path, seconds: float,
           number: int) -> dict[Any, Any]:
    found: dict[Any, Any] = {'small': {
        tuned: small_message_latencies_ms(seconds, tuned) for tuned in ('', 'tuned')}}
    for case in tqdm(cases, desc=f'latency, round {number + 1}', unit='case', disable=None):
        source, bundle, branch = case
        if source not in found:
            found[source] = {'bare': image_latencies_ms(source, seconds),
                             'tuned': image_latencies_ms(source, seconds, 'tuned'),
                             'copy_ms': copy_ms(source)}
        if bundle not in found:
            found[bundle] = {'hot': model_ms(bundles[bundle]),
                             'paced': model_ms(bundles[bundle], 1 / source.rate_hz)}
        found[case] = pipeline(source, bundles[bundle], rules, branch, seconds)
    return found


def pipeline(source: Source, model: Model, rules: Path, branch: str, seconds: float
             ) -> dict[str, Any]:
    """Return latencies, frames and processor time of classifier, policy and gate."""
    names = ('pipeline', 'gate') if branch == 'pipeline' else ('classifier', 'policy', 'gate')
    transport = 'compressed' if source.encoding == 'jpeg' else 'raw'
    parameters = {'classifier': {**model.parameters(), 'image_transport': transport},
                  'policy': {'rules': str(rules)}}
    with observe() as observer, run_nodes(parameters, names) as supervisor:
        wait(observer, is_active(observer, ('classifier', 'policy', 'gate')), 'active nodes')
        with terminate_after(source.start(seconds)) as sender:
            wait(observer, lambda: bool(observer.recording.classifications), 'an answer')
            used = cores_used(supervisor.pids(), seconds - MARGIN_S)
            sent = wait_until_sent(sender, seconds + 60)
        settle(observer)
        return {
            'sent': sent.sent, 'sent_hz': sent.rate_hz,
            'received': int(observer.diagnostic('classifier', 'received')),
            'answered': int(observer.diagnostic('classifier', 'classified')),
            'obeyed': int(observer.diagnostic('gate', 'base.accepted')),
            **capture_to_command_ms(observer),
            'cpu_ms': {name: cores * 1e3 / sent.rate_hz for name, cores in used.items()}}


def capture_to_command_ms(observer: Any) -> dict[str, float]:
    """Return the percentiles that the gate reports."""
    percentiles = {f'p{percent:g}': observer.diagnostic(
        'gate', f'base.capture_to_command_ms.p{percent:g}') for percent in (50, 99, 99.9)}
    if not all(percentiles.values()):
        raise BenchmarkError('the gate obeyed no command: there is no latency to report.')
    return {name: float(value) for name, value in percentiles.items()}


def cores_used(pids: Mapping[str, int], seconds: float) -> dict[str, float]:
    """Return the mean number of cores that each process uses during ``seconds``."""
    before_s, from_s = {name: cpu_s(pid) for name, pid in pids.items()}, time.monotonic()
    time.sleep(seconds)
    took_s = time.monotonic() - from_s
    return {name: (cpu_s(pid) - before_s[name]) / took_s for name, pid in pids.items()}


def summary(cases: list[Case], rounds: list[dict[Any, Any]]) -> dict[str, Any]:
    """Return medians over the rounds, and the results against the limits."""
    rows = {case: row(case, rounds) for case in cases}

    def judged(name: str, case: Case, value: Any, limit: float, **options: Any
               ) -> list[dict[str, Any]]:
        if case not in rows:
            return []
        found = [float(value(one, one[case])) for one in rounds]
        return [check_limit(name, median(found), limit, rounds=found, **options)]

    def received(_: Any, found: Any) -> float:
        return fraction_of(found, 'received')
    usual, full, large = ((source, bundle, branch) for source, bundle, branch in (
        (USUAL, SIGNS, 'separate'), (FULL_HD, SIGNS, 'separate'), (USUAL, LARGE, 'pipeline')))
    return {'cases': list(rows.values()), 'limits': [
        *judged('capture to command p50 / (model + bare image transport + two bare small '
                'transports), 640x480', usual,
                lambda one, found: found['p50'] / lower_bound_ms(one, usual), 1.3, most=True),
        *judged('capture to command p99 / its p50, 640x480',
                usual, lambda _, found: found['p99'] / found['p50'], 2.0, most=True),
        *judged('frames received, 640x480 rgb8 at 30 Hz', usual, received, 1.0, most=False,
                wide=LEAST_RECEIVED),
        *judged('frames received, 1920x1080 rgb8 at 30 Hz', full, received, 1.0, most=False,
                wide=LEAST_RECEIVED),
        *judged('frames answered by a command, 640x480 rgb8 at 30 Hz', usual,
                lambda _, found: fraction_of(found, 'obeyed'), 0.95, most=False,
                wide=LEAST_OBEYED),
        *judged('MobileNetV2 224x224, capture to command / model alone',
                large, lambda one, found: found['p50'] / one[LARGE]['hot'], 1.25, most=True)]}


def fraction_of(found: Mapping[str, Any], what: str) -> float:
    """Return a count as a fraction of the frames sent."""
    return float(found[what] / found['sent'])


def lower_bound_ms(one: Mapping[Any, Any], case: Case, tuned: str = '') -> float:
    """
    Return the lower bound of the latency in one round [ms].

    It is the model, one image transport and two small transports.

    :param tuned: ``tuned``, or empty for the bare transport.
    """
    source, bundle, _ = case
    return float(one[bundle]['hot'] + percentile(one[source][tuned or 'bare'], 50)
                 + 2 * percentile(one['small'][tuned], 50))


def row(case: Case, rounds: list[dict[Any, Any]]) -> dict[str, Any]:
    """Return one case: medians over the rounds, ratios computed within each round."""
    source, bundle, branch = case

    def over(value: Any) -> float:
        return float(median(value(one) for one in rounds))
    ratios = [one[case]['p50'] / lower_bound_ms(one, case) for one in rounds]
    p50_ms = [one[case]['p50'] for one in rounds]
    return {
        'case': f'{source.name}, {bundle}' + (', one process' if branch == 'pipeline' else ''),
        'rate_hz': source.rate_hz, 'sent_hz': min(one[case]['sent_hz'] for one in rounds),
        **{what: over(lambda one, what=what: fraction_of(one[case], what))
           for what in FRACTIONS},
        'model_ms': over(lambda one: one[bundle]['hot']),
        'paced_model_ms': over(lambda one: one[bundle]['paced']),
        'bare_transport_ms': over(lambda one: percentile(one[source]['bare'], 50)),
        'tuned_transport_ms': over(lambda one: percentile(one[source]['tuned'], 50)),
        'small_transport_ms': over(lambda one: percentile(one['small'][''], 50)),
        'tuned_small_transport_ms': over(lambda one: percentile(one['small']['tuned'], 50)),
        'copy_ms': over(lambda one: one[source]['copy_ms']),
        **{f'p{percent}_ms': over(lambda one, percent=percent: one[case][f'p{percent}'])
           for percent in ('50', '99', '99.9')},
        'p50_ms_lowest': min(p50_ms), 'p50_ms_highest': max(p50_ms),
        'overhead_ms': over(lambda one: one[case]['p50'] - one[bundle]['hot']
                            - percentile(one[source]['bare'], 50)),
        'ratio': median(ratios), 'ratios': ratios,
        'ratio_to_tuned': over(lambda one: one[case]['p50'] / lower_bound_ms(one, case, 'tuned')),
        'cpu_ms_per_frame': {name: over(lambda one, name=name: one[case]['cpu_ms'][name])
                             for name in rounds[0][case]['cpu_ms']}}


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return [f'| {" | ".join(COLUMNS)} |', '|---' * len(COLUMNS) + '|',
            *[f'| {" | ".join(_cells(one))} |' for one in cases]]


def _cells(one: Mapping[str, Any]) -> list[str]:
    return [
        one['case'], format_rate(one['sent_hz'], one['rate_hz']),
        *(f'{one[fraction]:.1%}' for fraction in FRACTIONS),
        *(f'{one[f"{name}_ms"]:.2f}' for name in (
            'model', 'paced_model', 'bare_transport', 'tuned_transport', 'copy')),
        f'{one["p50_ms"]:.2f} ({one["p50_ms_lowest"]:.2f} to {one["p50_ms_highest"]:.2f})',
        f'{one["p99_ms"]:.2f}', f'{one["p99.9_ms"]:.2f}', f'{one["overhead_ms"]:+.2f}',
        f'{one["ratio"]:.2f}', f'{one["ratio_to_tuned"]:.2f}',
        ', '.join(f'{name} {value:.1f}' for name, value in one['cpu_ms_per_frame'].items())]
