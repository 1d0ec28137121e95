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

"""The bundles that are measured: the shipped one and a MobileNet, float and int8."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digiphys_ros.learning.export.litert import Precision, with_extremes, write_litert
from digiphys_ros.perception import (
    Bundle,
    BundleManifest,
    load_bundle,
    PreprocessSpec,
    write_bundle,
)
from digiphys_ros.resources import find_resource
from digiphys_ros.simulation import sample_crop, SIGNS
import numpy as np
from numpy.typing import NDArray

REPRESENTATIVE = 100


def make_bundles(folder: Path) -> Mapping[str, Path]:
    """Return folders of bundles by name; a MobileNet takes as long with any weights."""
    import keras
    shipped = load_bundle(find_resource('traffic_signs', 'models'))
    signs = keras.models.load_model(shipped.file('keras'), compile=False)
    keras.utils.set_random_seed(0)
    mobilenet = keras.applications.MobileNetV2(
        (224, 224, 3), weights=None, classes=len(shipped.labels), classifier_activation=None)
    large = PreprocessSpec(width=224, height=224)
    made = {'traffic_signs float32': shipped.directory}
    for name, model, spec, precision in (
            ('traffic_signs int8', signs, shipped.spec, 'int8'),
            ('mobilenet_v2 224x224 float32', mobilenet, large, 'float32'),
            ('mobilenet_v2 224x224 int8', mobilenet, large, 'int8')):
        made[name] = _written(folder / name.replace(' ', '_'), model, shipped, spec, precision)
    return made


def _written(folder: Path, model: Any, shipped: Bundle, spec: PreprocessSpec, precision: Precision
             ) -> Path:
    from digiphys_ros.perception import Frame, Preprocessor
    preprocess = Preprocessor(spec)
    rng = np.random.default_rng(0)
    frames = np.stack([sample_crop(rng, SIGNS[index % len(SIGNS)], 2 * spec.width)
                       for index in range(REPRESENTATIVE)])
    tensors: NDArray[Any] = np.concatenate([preprocess(Frame(frame, 'rgb')) for frame in frames])
    folder.mkdir(parents=True)
    lite = write_litert(model, folder, precision, with_extremes(tensors, spec))
    manifest = BundleManifest(
        name=folder.name, labels=shipped.labels, background=shipped.manifest.background,
        preprocess=spec, files={'litert': 'x'}, temperature=shipped.manifest.temperature,
        abstain_below=shipped.manifest.abstain_below)
    write_bundle(folder / 'bundle', manifest, files={'litert': lite}, frames=frames[:2],
                 logits=np.asarray(model(tensors[:2], training=False)), card=folder.name)
    return folder / 'bundle'
