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

"""Explain an answer by the part of the image whose occlusion changes it most."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from digiphys_ros.perception import Classifier, Frame
from digiphys_ros.pipeline.model import load_model
import numpy as np

SIDE = 1 / 3
"""Side of the covered part, as a fraction of the side of the image."""

STEPS = 7
"""Positions of the part in each direction; one row is one batch."""

SAME = 0.05
"""With a larger difference of confidence, the image or its region is another one."""

Box = tuple[float, float, float, float]
"""x, y, width and height as fractions of the image."""


@dataclass(frozen=True)
class Explanation:
    """
    The part of an image that an answer depends on most.

    :ivar place: one of nine parts, such as ``lower left``.
    :ivar score: the calibrated confidence; ``covered`` is the confidence with ``box`` covered.
    """

    place: str
    box: Box
    score: float
    covered: float

    def __str__(self) -> str:
        return (f'covering the {self.place} of the image changes the confidence most, from '
                f'{self.score:.2f} to {self.covered:.2f}: the answer depends on that part, '
                'which alone is not a finding')


def occlusion_sensitivity(classifier: Classifier, frame: Frame, label: str) -> Explanation:
    """Find the part whose occlusion changes the confidence most (Zeiler & Fergus, 2014)."""
    index = classifier.bundle.labels.index(label)
    color = frame.color if frame.color == 'mono' else 'rgb'
    whole = Frame(frame.converted(color), color)
    score = float(classifier(whole).probabilities[index])
    boxes, scores = [], []
    for row in range(STEPS):
        part = [(column * (1 - SIDE) / (STEPS - 1), row * (1 - SIDE) / (STEPS - 1), SIDE, SIDE)
                for column in range(STEPS)]
        boxes += part
        scores += [float(one.probabilities[index])
                   for one in classifier.batch([covered(whole, box) for box in part])]
    most = int(np.argmax(np.abs(np.array(scores) - score)))
    return Explanation(place_of(boxes[most]), boxes[most], score, scores[most])


def covered(frame: Frame, box: Box) -> Frame:
    """Return an image with a part covered by its mean color."""
    pixels = frame.pixels.copy()
    (height, width), (x, y, w, h) = pixels.shape[:2], box
    pixels[round(y * height):round((y + h) * height), round(x * width):round((x + w) * width)] \
        = pixels.mean(axis=(0, 1))
    return replace(frame, pixels=pixels)


def place_of(box: Box) -> str:
    """Return the ninth of the image with the center of a part."""
    x, y, w, h = box
    column, row = (min(int(3 * middle), 2) for middle in (x + w / 2, y + h / 2))
    name = f'{("upper", "middle", "lower")[row]} {("left", "middle", "right")[column]}'
    return 'middle' if name == 'middle middle' else name


class Explainer:
    """
    A second instance of the model, which does not delay the classifier.

    :param bundle: a path, or a name in models/.
    :raises BundleError: for an invalid bundle.
    """

    def __init__(self, bundle: str) -> None:
        model = load_model(bundle, threads=1)
        self.hash = model.bundle.hash
        self._classifier = Classifier(model.bundle, model.engine)

    def __call__(self, frame: Frame, scores: Sequence[tuple[str, float]], model_hash: str
                 ) -> Explanation | None:
        """
        Explain an answer; None without an answer, or for another model.

        :param scores: classes with calibrated confidence, best first.
        :param model_hash: hash of the bundle that answered.
        """
        if not scores or model_hash != self.hash:
            return None
        label, score = scores[0]
        explanation = occlusion_sensitivity(self._classifier, frame, label)
        return explanation if abs(explanation.score - score) <= SAME else None
