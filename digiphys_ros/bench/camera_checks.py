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

"""
Measure the camera checks on good drives and on blind cameras.

Usage: python -m digiphys_ros.bench.camera_checks [--data FOLDER] [--simulated FOLDER]
[--json FILE].
Counts false alarms and false stops on good drives, and the frames until each kind of blind camera
is detected. A false stop is a time without a fresh frame that lasts as long as the lease.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
import json
from pathlib import Path
import time
from typing import Any

import cv2
from digiphys_ros.applications import make_application
from digiphys_ros.applications.traffic_signs.drawn_course import Course
from digiphys_ros.bench.blind_cameras import add_noise, KINDS, SLOW
from digiphys_ros.bench.frozen_cameras import jpeg, RANDOM
from digiphys_ros.control.settings import GateSettings
from digiphys_ros.perception.camera_checks import Limits
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.liveness import LivenessMonitor
from digiphys_ros.perception.sources import open_source
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

Pixels = NDArray[Any]
LEASE_S = GateSettings().lease_s
COARSE_QUALITY = 75
WARM_UP_FRAMES, BLIND_FRAMES = 40, 40
"""Good frames before a blind camera, and blind frames."""

VERDICT_FRAMES, LATE_FRAMES = 10, 20
"""Frames until detection: 1 s at 10 Hz; for ``RANDOM`` cameras 1 s at 20 Hz."""

NOT_JUDGED_COLD = ('grease',)
"""Without an earlier image, a detailed scene behind grease looks like a plain scene without."""

VARIANTS: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    'as it is': lambda frame, _rng: frame,
    'mirrored, noise 2': lambda frame, rng: add_noise(
        np.ascontiguousarray(frame[:, ::-1]), rng, 2),
    'dark 0.4, noise 1': lambda frame, rng: add_noise(frame * 0.4, rng, 1),
    'bright 1.3, noise 1': lambda frame, rng: add_noise(frame * 1.3 + 15, rng, 1),
    'JPEG 60': lambda frame, _rng: jpeg(frame, 60),
    'at 320x240': lambda frame, rng: add_noise(cv2.resize(frame, (320, 240)), rng, 1),
    'low contrast 0.6': lambda frame, rng: add_noise(frame * 0.6 + 50, rng, 1),
    'noise 6': lambda frame, rng: add_noise(frame, rng, 6),
}

VARIANTS_OF = {'driving_track2a': len(VARIANTS), 'gtsrb': 2}
"""Number of variants to play; other drives have only the first."""


@dataclass
class Drive:
    """Frames of one camera, in order; ``rate_hz`` gives the frames per lease."""

    name: str
    frames: Sequence[Pixels]
    rate_hz: float = 20.0


@dataclass
class Result:
    """Verdicts of the monitor on good frames, and the extremes of its figures."""

    name: str
    judged: bool = True
    frames: int = 0
    not_fresh: dict[str, int] = field(default_factory=dict)
    false_stops: int = 0
    least: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)

    def add(self, verdict: str, figures: dict[str, float]) -> None:
        """Count one frame."""
        self.frames += 1
        if verdict != 'fresh':
            self.not_fresh[verdict] = self.not_fresh.get(verdict, 0) + 1
        if verdict in ('repeated', 'black'):
            return
        for name, value in figures.items():
            self.least[name] = float(min(value, self.least.get(name, value)))
            self.most[name] = float(max(value, self.most.get(name, value)))


def drives(data: Path, simulated: Path | None) -> Iterator[list[Drive]]:
    """Yield groups of drives: real track, tracks of signs, drawn course, simulators."""
    track = [np.ascontiguousarray(one.pixels)
             for one in open_source(str(data / 'driving_track2a.zip'))]
    yield [Drive('driving_track2a', track)]
    with np.load(data / 'gtsrb_train.npz') as signs:
        images, tracks = signs['x'], signs['track']
    starts = np.flatnonzero(np.diff(tracks, prepend=tracks[0] - 1))
    yield [Drive('gtsrb', list(one)) for one in np.split(images, starts[1:])]
    yield [Drive('drawn course', [one.pixels for one in islice(Course().frames(), 1500)], 30.0)]
    for path in sorted(simulated.glob('*.npy')) if simulated else ():
        rate_hz = make_application(path.stem, camera=False).rate_hz
        yield [Drive(path.stem, list(np.load(path)), rate_hz)]


def play(group: list[Drive], variant: str) -> Result:
    """Return the verdicts on good drives, with a new monitor for each."""
    rng = np.random.default_rng(0)
    result = Result(f'{group[0].name}, {variant}')
    for drive in group:
        monitor, silent = LivenessMonitor(Limits()), 0
        lease_frames = LEASE_S * drive.rate_hz
        for frame in drive.frames:
            verdict = monitor.check(Frame(VARIANTS[variant](frame, rng), 'rgb'))
            silent = 0 if verdict == 'fresh' else silent + 1
            result.false_stops += silent == max(round(lease_frames), 1)
            result.add(verdict, monitor.figures)
    return result


def still(base: Pixels, name: str, quality: int, sigma: float, frames: int) -> Result:
    """Return the verdicts on a still scene with sensor noise."""
    rng = np.random.default_rng(0)
    # such a coarse JPEG removes most noise: it looks like a frozen image
    judged = quality == 0 or quality > COARSE_QUALITY
    result, monitor, silent = Result(name, judged), LivenessMonitor(Limits()), 0
    for _ in range(frames):
        frame = add_noise(base, rng, sigma)
        verdict = monitor.check(Frame(jpeg(frame, quality) if quality else frame, 'rgb'))
        silent = 0 if verdict == 'fresh' else silent + 1
        result.false_stops += silent == round(LEASE_S * 20)
        result.add(verdict, monitor.figures)
    return result


def blind(frames: Sequence[Pixels], base: str, kind: str,
          warm_up: int = WARM_UP_FRAMES) -> dict[str, Any]:
    """Return when a kind of blind camera is detected after some good frames, or none."""
    monitor = LivenessMonitor(Limits())
    for frame in frames[WARM_UP_FRAMES - warm_up:WARM_UP_FRAMES]:
        monitor.check(Frame(frame, 'rgb'))
    see = (KINDS | RANDOM)[kind](np.random.default_rng(0))
    verdicts = []
    for frame in frames[WARM_UP_FRAMES:WARM_UP_FRAMES + BLIND_FRAMES]:
        verdicts.append(monitor.check(Frame(see(frame), 'rgb')))
    fresh = [index for index, verdict in enumerate(verdicts) if verdict == 'fresh']
    # fresh frames before the final verdict
    until = fresh[-1] + 1 if fresh else 0
    limit = LATE_FRAMES if kind in RANDOM else VERDICT_FRAMES
    return {'kind': kind, 'base': base, 'cold': not warm_up, 'frames_until_verdict': until,
            'judged': warm_up > 0 or kind not in NOT_JUDGED_COLD,
            'verdict': verdicts[-1], 'detected': until <= limit and len(verdicts) == BLIND_FRAMES,
            'figures': {name: round(float(value), 3) for name, value in monitor.figures.items()}}


def slow(frames: Sequence[Pixels], base: str, kind: str) -> dict[str, Any]:
    """Return whether a slowly degrading lens is detected before the frames end."""
    monitor, see = LivenessMonitor(Limits()), SLOW[kind](np.random.default_rng(0))
    verdicts = [monitor.check(Frame(frame, 'rgb')) for frame in frames[:WARM_UP_FRAMES]]
    verdicts += [monitor.check(Frame(see(frame), 'rgb')) for frame in frames[WARM_UP_FRAMES:]]
    return {'kind': kind, 'base': base, 'judged': True, 'detected': verdicts[-1] != 'fresh',
            'frames_until_verdict': max(index for index, one in enumerate(verdicts)
                                        if one == 'fresh') + 1 - WARM_UP_FRAMES,
            'verdict': verdicts[-1]}


def milliseconds(size: tuple[int, int], rounds: int = 300) -> dict[str, float]:
    """Return the median and 99th percentile of the time of one check [ms]."""
    rng = np.random.default_rng(0)
    frames = [add_noise(cv2.resize(one.pixels, size), rng, 2)
              for one in islice(Course().frames(), 60, 72)]
    monitor, times_ms = LivenessMonitor(Limits()), []
    for index in range(rounds):
        started_s = time.perf_counter()
        monitor.check(Frame(frames[index % len(frames)], 'rgb'))
        times_ms.append((time.perf_counter() - started_s) * 1e3)
    return {name: float(np.percentile(times_ms, percent))
            for name, percent in (('p50', 50), ('p99', 99))}


def campaign(data: Path, simulated: Path | None) -> dict[str, Any]:
    """Run everything; with the variants, more than 100,000 good frames."""
    groups = list(drives(data, simulated))
    jobs: list[Callable[[], Any]] = [
        partial(play, group, variant) for group in groups
        for variant in list(VARIANTS)[:VARIANTS_OF.get(group[0].name, 1)]]
    track = groups[0][0].frames
    jobs += [partial(still, track[index], f'still {index}, noise {sigma}, JPEG {quality}', quality,
                     sigma, 300)
             for index in (100, 3000) for sigma in (0.7, 1.0, 2.0) for quality in (0, 90, 75)]
    starts = {'driving_track2a': (1000, 3000, 5000)}
    bases = [(one.name, start, one.frames) for group in groups if len(group) == 1
             for one in group for start in starts.get(one.name, (20,))]
    jobs += [partial(blind, frames[start:start + WARM_UP_FRAMES + BLIND_FRAMES],
                     f'{name} {start}', kind, warm_up)
             for name, start, frames in bases for kind in KINDS | RANDOM
             for warm_up in (WARM_UP_FRAMES, 0)]
    jobs += [partial(slow, track[start:start + 1400], f'track {start}', kind)
             for start in (1000, 3000) for kind in SLOW]
    cv2.setNumThreads(1)
    done = [job() for job in tqdm(jobs, unit='job', disable=None)]
    good = [asdict(one) for one in done if isinstance(one, Result)]
    return {'good': good, 'blind': [one for one in done if isinstance(one, dict)],
            'check_ms': {f'{width}x{height}': milliseconds((width, height))
                         for width, height in ((640, 480), (1920, 1080))}}


def table(report: dict[str, Any]) -> Iterator[str]:
    """Yield the report as lines of Markdown."""
    yield '| good drive | frames | not fresh | false stops |\n|---|---|---|---|'
    for one in report['good']:
        yield f'| {one["name"]} | {one["frames"]} | {one["not_fresh"]} ' \
              f'| {one["false_stops"]}{"" if one["judged"] else " (not judged)"} |'
    yield '\n| blind camera | detected | frames until verdict | verdict |\n|---|---|---|---|'
    for kind in (*KINDS, *RANDOM, *SLOW):
        found = [one for one in report['blind'] if one['kind'] == kind]
        detected = sum(one['detected'] for one in found)
        yield f'| {kind} | {detected} of {len(found)} ' \
              f'| {max((one["frames_until_verdict"] for one in found), default=0)} ' \
              f'| {", ".join(sorted({one["verdict"] for one in found}))} |'
    judged = [one for one in report['good'] if one['judged']]
    frames = sum(one['frames'] for one in judged)
    stops = sum(one['false_stops'] for one in judged)
    yield f'\n{stops} false stops in {frames} frames; check() in ms: {report["check_ms"]}'


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a limit is exceeded."""
    parser = argparse.ArgumentParser(description='Measure the camera checks.')
    parser.add_argument('--data', type=Path, default=Path('../shared/data'))
    parser.add_argument('--simulated', type=Path, help='folder of NAME.npy, frames in order')
    parser.add_argument('--json', type=Path, help='write the report here')
    arguments = parser.parse_args(argv)
    report = campaign(arguments.data, arguments.simulated)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))
    print('\n'.join(table(report)))
    return int(any(one['false_stops'] for one in report['good'] if one['judged'])
               or not all(one['detected'] for one in report['blind'] if one['judged']))


if __name__ == '__main__':
    raise SystemExit(main())
