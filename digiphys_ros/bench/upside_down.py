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
How often a rotated camera still moves the robot, with the shipped model and rules.

Usage: python -m digiphys_ros.bench.upside_down [--data FOLDER] [--json FILE].
Plays real images as a camera: a recorded drive, and tracks of signs one after another. Counts
the images that the model answers and the commands that move, and reports the last motion.
"""

import argparse
from collections.abc import Iterator, Sequence
import json
from pathlib import Path
from typing import Any

from digiphys_ros.bundles import load_bundle
from digiphys_ros.control.config import load_control
from digiphys_ros.perception import Classifier
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.sources import open_source
from digiphys_ros.pipeline.model import load_model
from digiphys_ros.pipeline.pipeline import Pipeline
from digiphys_ros.pipeline.settings import PipelineSettings
from digiphys_ros.resources import find_resource
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
RATE_HZ = 20.0
TURNS = {'upright': 0, 'on its side': 1, 'upside down': 2}
"""Rotation of the camera in quarter turns."""


def views(data: Path) -> Iterator[tuple[str, list[Pixels]]]:
    """Yield the images of each drive."""
    yield 'drive', [one.pixels for one in open_source(str(data / 'driving_track2a.zip'))]
    with np.load(data / 'gtsrb_train.npz') as signs:
        yield 'signs', list(signs['x'])


def watch(images: Sequence[Pixels], turns: int, classifier: Classifier) -> dict[str, float]:
    """Return the fractions of images answered and of time in motion for one rotated camera."""
    pipeline = Pipeline(PipelineSettings(), load_control(
        find_resource('traffic_signs_rules.yaml', 'config')), classifier)
    answered = moving = last = 0
    for index, pixels in enumerate(images):
        frame = Frame(np.ascontiguousarray(np.rot90(pixels, turns)), 'rgb')
        result = pipeline.perceive(frame)
        if result is None:
            continue
        answered += bool(result.scores)
        label, score = result.scores[0] if result.scores else (None, 0.0)
        commands = pipeline.decide(label, score, index / RATE_HZ).commands
        if any(command.values['linear.x'] for command in commands.values()):
            moving, last = moving + 1, index
    return {'images': len(images), 'answered': round(answered / len(images), 4),
            'moving': round(moving / len(images), 4), 'last_motion_s': round(last / RATE_HZ, 1)}


def campaign(data: Path) -> dict[str, Any]:
    """Return the figures of each drive and rotation."""
    bundle = load_bundle(find_resource('traffic_signs', 'models'))
    classifier = Classifier(bundle, load_model(bundle, 'litert').engine)
    return {f'{name}, {turn}': watch(images, turns, classifier)
            for name, images in views(data) for turn, turns in TURNS.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description='Measure how a rotated camera moves the robot.')
    parser.add_argument('--data', type=Path, default=Path('../shared/data'))
    parser.add_argument('--json', type=Path, help='write the report here')
    arguments = parser.parse_args(argv)
    report = campaign(arguments.data)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))
    print('| camera | images | answered | time in motion | last motion [s] |')
    print('|---|---|---|---|---|')
    for name, figures in report.items():
        print(f'| {name} | {" | ".join(map(str, figures.values()))} |')
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
