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

"""Bundles to measure: the shipped traffic signs and a MobileNet, float and int8."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from digiphys_ros.applications.traffic_signs.drawn_course import sample_crop
from digiphys_ros.applications.traffic_signs.signs import SIGNS as DRAWN
from digiphys_ros.bundles import Bundle, BundleManifest, load_bundle, PreprocessSpec, write_bundle
from digiphys_ros.bundles.manifest import FileFormat
from digiphys_ros.control.config import load_control
from digiphys_ros.control.rules import ABSTAIN
from digiphys_ros.learning.export.litert import Precision, with_extremes, write_litert
from digiphys_ros.learning.export.onnx import write_onnx
from digiphys_ros.perception import Engine
from digiphys_ros.perception.engines import tensorflow_sees_gpu
from digiphys_ros.perception.host_memory import host_array
from digiphys_ros.pipeline.model import load_model
from digiphys_ros.resources import find_resource, share_dir
import numpy as np
from numpy.typing import NDArray
import yaml

REPRESENTATIVE = 100
FORMATS: Mapping[str, tuple[FileFormat, ...]] = {
    'auto': ('litert', 'keras'), 'litert': ('litert',), 'tensorflow': ('keras',),
    'onnx': ('onnx',), 'all': ('litert', 'keras', 'onnx')}
GPU_OPTIONS = {'xla': True, 'mixed_precision': True}
UNSURE_S = 3600.0
SIGNS, LARGE = 'traffic_signs float32', 'mobilenet_v2 224x224 float32'


@dataclass(frozen=True)
class Model:
    """A bundle and the options of its engine, as ``load_model`` takes them."""

    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    def engine(self) -> Engine:
        """Return a new engine that has reproduced the golden logits of the bundle."""
        return load_model(self.folder, **self.options).engine

    def parameters(self) -> dict[str, Any]:
        """Return the parameters for the node ``classifier``, on whole frames."""
        return {'bundle': str(self.folder), 'roi': [0.0, 0.0, 1.0, 1.0], **self.options}


def rules_for_any(folder: Path) -> Path:
    """Write the traffic rules so that a model of any classes leads to commands."""
    source = find_resource('traffic_signs_rules.yaml', 'config')
    config = load_control(source)
    rules = yaml.safe_load(source.read_text())
    rules['optional_labels'] = sorted(set().union(*map(config.classes, config.rules)) - {ABSTAIN})
    rules['votes']['max_unsure_s'] = UNSURE_S
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'rules.yaml'
    path.write_text(yaml.safe_dump(rules))
    return path


def runs_on_gpu(folder: Path, engine: str) -> bool:
    """Return whether an engine really runs on a GPU: a visible GPU may not work."""
    return make_bundles(folder, engine, (SIGNS,))[SIGNS].engine().device != 'CPU'


def make_bundles(folder: Path, engine: str = 'auto', names: Collection[str] = ()
                 ) -> Mapping[str, Model]:
    """
    Return bundles by name; a MobileNet has random weights, which do not change its speed.

    :param engine: the bundles hold a model file for this engine only, with ``all`` one for each
        engine; int8 is for LiteRT. TensorFlow on a GPU uses XLA and mixed precision.
    :param names: names to return; all by default. Bundles already in ``folder`` are reused.
    """
    shipped = load_bundle(find_resource('traffic_signs', 'models'))
    large = PreprocessSpec(width=224, height=224, resize='mipmap')
    formats = FORMATS[engine]
    made = {SIGNS: shipped.directory} if engine == 'auto' else {}
    if engine == 'auto' and not names:
        made |= _others()
    wanted: tuple[tuple[str, Any, PreprocessSpec, Precision], ...] = (
        (SIGNS, _signs, shipped.spec, 'float32'),
        (LARGE, _mobilenet, large, 'float32'),
        ('traffic_signs int8', _signs, shipped.spec, 'int8'),
        ('mobilenet_v2 224x224 int8', _mobilenet, large, 'int8'))
    for name, model_of, spec, precision in wanted:
        own = formats if precision == 'float32' else ('litert',)
        if name not in made and own[0] in formats and name in (names or (name,)):
            path = folder / '_'.join([*name.split(), *own])
            made[name] = path / 'bundle' if path.exists() else _write(
                path, model_of(shipped), shipped, spec, precision, own)
    options = GPU_OPTIONS if engine == 'tensorflow' and tensorflow_sees_gpu() else {}
    return {name: Model(path, options) for name, path in made.items()}


def _others() -> dict[str, Path]:
    """Return the other shipped bundles that may lead to commands."""
    folders = [path.parent for path in sorted((share_dir() / 'models').glob('*/bundle.json'))
               if path.parent.name != 'traffic_signs']
    return {folder.name: folder for folder in folders
            if load_bundle(folder).manifest.use == 'control'}


def _signs(shipped: Bundle) -> Any:
    import keras
    return keras.models.load_model(shipped.file('keras'), compile=False)


def _mobilenet(shipped: Bundle) -> Any:
    import keras
    keras.utils.set_random_seed(0)
    return keras.applications.MobileNetV2(
        (224, 224, 3), weights=None, classes=len(shipped.labels), classifier_activation=None)


def tensor_for(engine: Engine, batch: int = 1) -> NDArray[Any]:
    """Return a batch of random pixels for an engine, in the memory that a classifier uses."""
    pixels = np.random.default_rng(0).integers(0, 256, (batch, *engine.spec.shape[1:]), np.uint8)
    tensor = host_array(pixels.shape, engine.spec.dtype, engine.device)
    tensor[...] = pixels if engine.spec.dtype == 'uint8' else engine.spec.value_of(pixels)
    return tensor


def _write(folder: Path, model: Any, shipped: Bundle, spec: PreprocessSpec, precision: Precision,
           formats: tuple[FileFormat, ...]) -> Path:
    from digiphys_ros.perception import Frame, Preprocessor
    preprocess = Preprocessor(spec)
    rng = np.random.default_rng(0)
    frames = np.stack([sample_crop(rng, DRAWN[index % len(DRAWN)], 2 * spec.width)
                       for index in range(REPRESENTATIVE)])
    tensors: NDArray[Any] = np.concatenate([preprocess(Frame(frame, 'rgb')) for frame in frames])
    folder.mkdir(parents=True)
    files: dict[FileFormat, Path] = {}
    if 'litert' in formats:
        files['litert'] = write_litert(model, folder, precision, with_extremes(tensors, spec))
    if 'keras' in formats:
        files['keras'] = folder / 'model.keras'
        model.save(files['keras'])
    if 'onnx' in formats:
        files['onnx'] = write_onnx(model, folder)
    manifest = BundleManifest(
        name=folder.name, labels=shipped.labels, background=shipped.manifest.background,
        preprocess=spec, files={'litert': 'x'}, temperature=shipped.manifest.temperature,
        abstain_below=shipped.manifest.abstain_below)
    write_bundle(folder / 'bundle', manifest, files=files, frames=frames[:2],
                 logits=np.asarray(model(tensors[:2], training=False)), card=folder.name)
    return folder / 'bundle'
