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

"""Labelled pictures of simulated worlds, for training."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count as numbers
from pathlib import Path
from typing import Any

import cv2
from digiphys_ros.applications import APPLICATIONS, make_application
from digiphys_ros.applications.traffic_lights.demand import APPROACHES, ROADS
from digiphys_ros.bundles.preprocess_spec import Roi
from digiphys_ros.control.signals import GREEN, RED
from digiphys_ros.errors import UsageError
from digiphys_ros.pipeline.settings import load_settings
from digiphys_ros.resources import find_resource
import numpy as np
from numpy.typing import NDArray

Shot = tuple[str, NDArray[Any]]
"""A class, and a picture of it: (H, W, 3) uint8 RGB or (H, W) uint8."""

PER_RUN = 8
"""Pictures of one class in one world: what looks alike must not fill the training set."""

LONGER_S = 10
"""To wait for roads that are alike: it is rare."""

PATIENCE = 40
"""Worlds in succession that have nothing that is still needed."""


def collect(app: str, directory: Path, *, count: int, seed: int = 0,
            bar: Callable[[Iterable[int]], Iterable[int]] = iter) -> dict[str, Any]:
    """
    Write ``count`` pictures as ``class/world/number.png``, alike many of each class.

    Pictures are cut to the region of interest, as the classifier gets them. Every world has its
    own light, texture, poses and noise, also of the camera and of what it stands above. One world
    shows several classes; its folders, of the same name in each class, are one group, so that no
    world is in training and in validation.

    :param directory: new or empty.
    :param seed: the same seed gives the same pictures.
    :param bar: wraps what is counted, to show progress.
    :return: pictures by class, and how many worlds were looked at.
    :raises UsageError: for a directory that is in use, or fewer pictures than classes.
    :raises SimulationError: where there is no GL.
    """
    labels = labels_of(app)
    if count < len(labels):
        raise UsageError(f'--count {count}: {app} shows {len(labels)} classes, and each needs a '
                         f'picture: {len(labels)} or more.')
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f'--collect {directory}: a new or empty folder is needed, this one is '
                         'in use.')
    roi = load_settings(_config(app)).roi
    counts: Counter[str] = Counter()
    share, more = divmod(count, len(labels))
    wanted = _wanted(app, seed, {label: share + (index < more)
                                 for index, label in enumerate(labels)}, counts)
    world = -1
    for _ in bar(range(count)):
        shot = next(wanted, None)
        if shot is None:
            break
        world, label, picture = shot
        folder = directory / label / f'world_{world:05d}'
        folder.mkdir(parents=True, exist_ok=True)
        cut = _cut(picture, roi)
        path = folder / f'{len(list(folder.iterdir())):02d}.png'
        cv2.imwrite(str(path), cut if cut.ndim == 2 else cut[..., ::-1])
    return {'application': app, 'seed': seed, 'pictures': dict(sorted(counts.items())),
            'total': counts.total(), 'worlds': world + 1}


def _cut(picture: NDArray[Any], roi: Roi | None) -> NDArray[Any]:
    if roi is None:
        return picture
    (height, width), (x, y, w, h) = picture.shape[:2], roi
    return picture[round(y * height):round((y + h) * height),
                   round(x * width):round((x + w) * width)]


def labels_of(app: str) -> tuple[str, ...]:
    """Return the classes that an application can show."""
    if app == 'traffic':
        from digiphys_ros.applications.traffic_signs.signs import SIGNS
        return (*SIGNS, 'no_sign')
    labels: tuple[str, ...] = APPLICATIONS[app].LABELS
    return labels


def _config(app: str) -> Path:
    return find_resource(getattr(APPLICATIONS[app], 'CONFIG', f'{app}.yaml'), 'config')


def _wanted(app: str, seed: int, shares: Mapping[str, int], counts: Counter[str]
            ) -> Iterator[tuple[int, str, NDArray[Any]]]:
    """Yield pictures and their worlds until each class has its share; ``counts`` them."""
    idle = 0
    for world in numbers():
        if idle == PATIENCE or all(counts[label] >= most for label, most in shares.items()):
            return
        idle += 1
        here: Counter[str] = Counter()
        rng = np.random.default_rng([seed, world])

        def needed(label: str | None, here: Counter[str] = here) -> bool:
            return label is not None and here[label] < PER_RUN and \
                counts[label] < shares[label]
        for label, picture in SHOTS[app](rng, needed):
            here[label] += 1
            counts[label] += 1
            idle = 0
            yield world, label, picture


Needed = Callable[[str | None], bool]


def _course(rng: np.random.Generator, needed: Needed) -> Iterator[Shot]:
    """Drive up to boards with any signs, from where a robot may see them, and past them."""
    from digiphys_ros.applications.traffic_signs.camera import SignEye
    from digiphys_ros.applications.traffic_signs.route import draw_route
    from digiphys_ros.applications.traffic_signs.scene import sign_world
    from digiphys_ros.applications.traffic_signs.signs import SIGNS
    from digiphys_ros.applications.traffic_signs.view import sign_in_view
    from digiphys_ros.simulation.physics.physics import Physics
    route = draw_route(rng)
    missing = [sign for sign in SIGNS if needed(sign)] or list(SIGNS)
    boards = [replace(board, sign=str(rng.choice(missing))) for board in route.boards]
    world = sign_world(replace(route, boards=tuple(boards)), rng, rate_hz=15.0)
    physics = Physics(world)
    eye = SignEye(world, physics, rng)
    for board in boards:
        leg = route.legs[board.leg]
        for _ in range(PER_RUN):
            before_m = float(rng.uniform(2.35, 4.0) if rng.random() < 0.9 else
                             rng.uniform(-1.0, 1.5))
            x_m, y_m = leg.point(board.station_m - before_m, float(rng.normal(0, 0.05)))
            pose = (x_m, y_m, leg.heading_rad + float(rng.normal(0, 0.03)))
            label = sign_in_view(boards, *pose)
            if label is not None and needed(label):
                physics.place('robot', *pose)
                yield label, eye.picture(float(rng.uniform(0, 600)))


def _junction(rng: np.random.Generator, needed: Needed) -> Iterator[Shot]:
    """Look before anybody has come; then let each road wait for as long as it likes."""
    junction = make_application('signals', int(rng.integers(2**31)), varied=True)
    for greens in range(15):
        road = list(ROADS.values())[int(rng.integers(2))]
        longest_s = 3.0 if greens < 3 else 40.0
        # then a moment in which nobody has green
        for served, most_s in ((road, longest_s), ((), longest_s / 5)):
            heads = {side: GREEN if side in served else RED for side in APPROACHES}
            junction.advance(float(rng.uniform(0.1, most_s)), {'junction': heads})
            for _ in range(LONGER_S):
                if needed(junction.truth()):
                    break
                junction.advance(1.0, {})
            yield from _seen(junction, needed)


def _line(rng: np.random.Generator, needed: Needed) -> Iterator[Shot]:
    """Run the belt at changing speed."""
    line = make_application('sorting', int(rng.integers(2**31)), defective_share=0.5, varied=True)
    for _ in range(120):
        line.advance(float(rng.uniform(0.05, 0.5)),
                     {'belt': {'data': float(rng.uniform(0.08, 0.35))}})
        yield from _seen(line, needed)


def _stream(rng: np.random.Generator, needed: Needed) -> Iterator[Shot]:
    """Look at each image of a stream."""
    stream = make_application('triage', int(rng.integers(2**31)))
    while not stream.ended:
        yield from _seen(stream, needed)
        stream.advance(1 / stream.rate_hz, {})


def _seen(application: Any, needed: Needed) -> Iterator[Shot]:
    label = application.truth()
    if needed(label):
        yield label, application.picture()


SHOTS: Mapping[str, Callable[[np.random.Generator, Needed], Iterator[Shot]]] = {
    'traffic': _course, 'signals': _junction, 'sorting': _line, 'triage': _stream}
