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

"""Load: the highest frame rate, several cameras, a slow model, several robots."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from statistics import median
import time
from typing import Any

from digiphys_ros.bench.bundles import LARGE, make_bundles, Model, SIGNS, tensor_for
from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bench.running import (
    check_limit,
    format_rate,
    is_active,
    observe,
    PIPELINE,
    reached_rate,
    result_of,
    run_nodes,
    script,
    SentFrames,
    settle,
    Source,
    wait,
    wait_until_sent,
)
from tqdm import tqdm

SMALL = (320, 240)
RATES_HZ = (60.0, 120.0, 180.0, 240.0, 320.0, 400.0, 500.0)
LEAST_RECEIVED = 0.99
CAMERAS = (1, 2, 4, 8)
OFFERED = 1.1
"""Frame rate of the cameras, relative to the rate of the engine alone."""
CONCURRENT = 4
ROBOTS, ROBOT_HZ = 8, 5.0
BATCHES = (1, 2, 4, 8)
CLASSIFIER = ('classifier',)
READY_S = 6.0
"""Time until several sources are ready and start to publish together."""


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return cases and limits."""
    bundles = make_bundles(options.work, options.engine, (SIGNS, LARGE))
    counts = (4,) if options.short else CAMERAS
    rounds = [_cameras(counts, bundles[LARGE], options.seconds)
              for _ in tqdm(range(options.rounds), desc='cameras', unit='round', disable=None)]
    cases = [{'case': f'{count} camera(s) {SMALL[0]}x{SMALL[1]}, {LARGE}',
              'value': f'{median(one[count] for one in rounds):.1f} frames a second, '
                       f'{median(one[count] / one["alone"] for one in rounds):.2f} of the '
                       f'engine alone at its best batch ({rounds[0]["batch"]})',
              'cameras': count, 'hz': median(one[count] for one in rounds),
              'alone_hz': median(one['alone'] for one in rounds)}
             for count in counts]
    concurrent = median(one['concurrent'] / one['alone'] for one in rounds)
    cases.append({
        'case': f'the engine alone, while {CONCURRENT} such cameras send to an empty subscriber',
        'value': f'{concurrent:.2f} of the engine alone', 'concurrent_fraction': concurrent})
    fractions = [one[4] / one['alone'] for one in rounds]
    limits = [check_limit('4 cameras, frames a second / engine alone at its best batch',
                          median(fractions), 0.85, most=False, rounds=fractions)]
    if not options.short:
        cases += _others(bundles[LARGE], bundles[SIGNS], options.seconds)
    return {'cases': cases, 'limits': limits}


def _others(large: Model, signs: Model, seconds: float) -> list[dict[str, Any]]:
    slow, robots = slow_model(large, seconds), several_robots(signs, seconds)
    return [
        {'case': f'highest rate with less than 1 % lost, {SMALL[0]}x{SMALL[1]} rgb8 (one run)',
         'value': f'{highest_rate_hz(signs, seconds):g} Hz'},
        {'case': 'a model slower than the camera: age of the image at its answer (one run)',
         'value': f'p50 {slow["p50"]:.1f} ms, p99 {slow["p99"]:.1f} ms; the model takes '
                  f'{slow["model_ms"]:.1f} ms'},
        {'case': f'{ROBOTS} robots in {ROBOTS} namespaces at {ROBOT_HZ:g} Hz (one run)',
         'value': f'{robots["received"]:.1%} of the frames received, the slowest camera at '
                  f'{format_rate(robots["sent_hz"], ROBOT_HZ)} Hz, capture to command p50 '
                  f'{robots["p50"]:.2f} ms'}]


def _cameras(counts: tuple[int, ...], model: Model, seconds: float) -> dict[Any, Any]:
    rates = {size: alone_hz(model, size) for size in BATCHES}
    best = max(rates, key=lambda size: rates[size])
    return {'alone': rates[best], 'batch': best,
            'concurrent': concurrent_hz(CONCURRENT, model, best, seconds, rates[best]),
            **{count: cameras_hz(count, model, seconds, rates[best]) for count in counts}}


def alone_hz(model: Model, batch: int) -> float:
    """Return the images a second of the engine alone in a loop."""
    times_s = _answers_s(model, batch, lambda elapsed_s: elapsed_s < 2.0)
    return batch * (len(times_s) - 1) / (times_s[-1] - times_s[0])


def concurrent_hz(count: int, model: Model, batch: int, seconds: float, alone: float) -> float:
    """Return the same while cameras, slightly too fast, send to an empty subscriber."""
    names = [f'camera{index}' for index in range(count)]
    receiver = script('receiver.py', 'raw', 'tuned', *names)
    sources = _start_together([Source(*SMALL, OFFERED * alone / count, namespace=name)
                               for name in names], seconds)
    times_s = _answers_s(model, batch,
                         lambda _: all(source.poll() is None for source in sources))
    sent = [wait_until_sent(source, 60.0) for source in sources]
    result_of(receiver)
    from_s, to_s = max(one.from_s for one in sent), min(one.to_s for one in sent)
    sending_s = [one for one in times_s if from_s < one < to_s]
    return batch * (len(sending_s) - 1) / (sending_s[-1] - sending_s[0])


def _start_together(sources: Sequence[Source], seconds: float) -> list[Any]:
    """Start sources that publish from the same moment."""
    begin = f'at={time.monotonic() + READY_S}'
    return [source.start(seconds, begin) for source in sources]


def _answers_s(model: Model, batch: int, goes_on: Callable[[float], bool]) -> list[float]:
    """Return the times at which the engine, in a loop, finished a batch [s, monotonic]."""
    engine = model.engine()
    tensor = tensor_for(engine, batch)
    engine.infer(tensor)
    times_s = [time.monotonic()]
    while goes_on(times_s[-1] - times_s[0]):
        engine.infer(tensor)
        times_s.append(time.monotonic())
    return times_s


def _play(observer: Any, sources: Sequence[Source], seconds: float,
          classifiers: Sequence[str] = CLASSIFIER) -> list[SentFrames]:
    """Play the sources, and wait until the classifiers are idle."""
    sent = [wait_until_sent(one, seconds + 120) for one in _start_together(sources, seconds)]
    settle(observer, classifiers)
    return sent


def cameras_hz(count: int, model: Model, seconds: float, alone: float) -> float:
    """Return the frames a second that one classifier answers, from slightly too fast cameras."""
    names = [f'camera{index}' for index in range(count)]
    parameters = {'classifier': {**model.parameters(), 'cameras': ','.join(names)}}
    with observe() as observer, run_nodes(parameters, CLASSIFIER):
        wait(observer, is_active(observer, CLASSIFIER), 'active classifier')
        sent = _play(observer, [Source(*SMALL, OFFERED * alone / count, namespace=name)
                                for name in names], seconds)
        took_s = max(one.to_s for one in sent) - min(one.from_s for one in sent)
        return int(observer.diagnostic('classifier', 'classified')) / took_s


def highest_rate_hz(model: Model, seconds: float) -> float:
    """Return the highest of ``RATES_HZ`` that was sent with less than 1 % of the frames lost."""
    best = 0.0
    for rate_hz in RATES_HZ:
        answered, sent = _count_answers(model, Source(*SMALL, rate_hz), seconds)
        if answered < LEAST_RECEIVED * sent.sent or not reached_rate(sent.rate_hz, rate_hz):
            return best
        best = rate_hz
    return best


def _count_answers(model: Model, source: Source, seconds: float) -> tuple[int, SentFrames]:
    with observe() as observer, run_nodes({'classifier': model.parameters()}, CLASSIFIER):
        wait(observer, is_active(observer, CLASSIFIER), 'active classifier')
        [sent] = _play(observer, [source], seconds)
        return int(observer.diagnostic('classifier', 'classified')), sent


def slow_model(model: Model, seconds: float) -> Mapping[str, float]:
    """Return the age of images when answered, with three images sent per answer."""
    alone = alone_hz(model, 1)
    with observe() as observer, run_nodes({'classifier': model.parameters()}, CLASSIFIER):
        wait(observer, is_active(observer, CLASSIFIER), 'active classifier')
        _play(observer, [Source(*SMALL, 3 * alone)], seconds)
        return {'model_ms': 1e3 / alone, **{
            percent: float(observer.diagnostic(
                'classifier', f'capture_to_classification_ms.{percent}'))
            for percent in ('p50', 'p99')}}


def several_robots(model: Model, seconds: float) -> Mapping[str, float]:
    """Return the fraction of frames received, and the latency, of robots on one machine."""
    robots = [f'robot{index}' for index in range(ROBOTS)]
    with ExitStack() as stack:
        observer = stack.enter_context(observe())
        for robot in robots:
            stack.enter_context(run_nodes({'classifier': model.parameters()}, namespace=robot))
        wait(observer, is_active(observer, [
            f'{robot}/{name}' for robot in robots for name in PIPELINE]), 'active robots', 120.0)
        names = [f'{robot}/classifier' for robot in robots]
        sent = _play(observer, [Source(*SMALL, ROBOT_HZ, namespace=robot) for robot in robots],
                     seconds, names)
        return {
            'received': sum(int(observer.diagnostic(name, 'received')) for name in names)
            / sum(one.sent for one in sent),
            'sent_hz': min(one.rate_hz for one in sent),
            'p50': median(float(observer.diagnostic(
                f'{robot}/gate', 'base.capture_to_command_ms.p50')) for robot in robots)}


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return ['| load | result |', '|---|---|',
            *[f'| {one["case"]} | {one["value"]} |' for one in cases]]
