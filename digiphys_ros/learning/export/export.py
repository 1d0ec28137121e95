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

"""Export, and refuse formats that differ from the Keras model."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
import tempfile
from time import perf_counter
from typing import Any, cast

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.bundles.manifest import FileFormat
from digiphys_ros.bundles.preprocess_spec import Roi
from digiphys_ros.bundles.writer import CARD, check_target, write_bundle
from digiphys_ros.errors import BundleError, EngineError
from digiphys_ros.files import read_text, reason_of
from digiphys_ros.learning.datasets import Dataset
from digiphys_ros.learning.evaluate.evaluate import match_labels, Measured
from digiphys_ros.learning.export.litert import Precision, with_extremes, write_litert
from digiphys_ros.learning.export.onnx import write_onnx
from digiphys_ros.learning.export.portable import save_portable
from digiphys_ros.perception.preprocess import Preprocessor
from digiphys_ros.pipeline.model import load_model
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

FORMATS: Mapping[str, FileFormat] = {
    'litert_float32': 'litert', 'litert_float16': 'litert', 'litert_int8': 'litert',
    'savedmodel': 'savedmodel', 'onnx': 'onnx', 'keras': 'keras'}
"""Export format -> file format in a bundle."""

ENGINES: Mapping[FileFormat, str] = {
    'litert': 'litert', 'savedmodel': 'tensorflow', 'onnx': 'onnx', 'keras': 'tensorflow'}
EXPORTED = '\n## Exported\n'
REPRESENTATIVE = 300
TIMED = 200


@dataclass(frozen=True)
class Row:
    """
    Measurements of one format.

    :ivar accuracy: on ``images`` held-out images, with the engine of the robot.
    :ivar latency_ms: median inference time of one image, without preprocessing.
    :ivar agreement: fraction of images with the prediction of the Keras model.
    """

    format: str
    size_bytes: int
    images: int
    accuracy: float
    agreement: float
    latency_ms: float
    refused: str = ''


def export_model(model: Any, folder: Path, check: NDArray[Any]) -> dict[FileFormat, Path]:
    """
    Write ``model.keras`` (without optimizer) and a float32 ``model.tflite``.

    :param check: (N, H, W, C) tensor on which both must agree.
    :return: the files by file format.
    :raises EngineError: when LiteRT and Keras differ.
    """
    bare = without_optimizer(model)
    keras_file = folder / 'model.keras'
    save_portable(bare, keras_file)
    lite_file = write_litert(bare, folder)
    expected = np.asarray(bare(check, training=False))
    worst = float(np.abs(_run_lite(lite_file, check) - expected).max())
    if worst > 1e-3 * max(float(np.abs(expected).max()), 1.0):
        raise EngineError(f'LiteRT differs from Keras by {worst:.4g} on {len(check)} held-out '
                          'images: not exported.')
    return {'litert': lite_file, 'keras': keras_file}


def without_optimizer(model: Any) -> Any:
    """Return the model without optimizer, whose state is twice as large as the model."""
    bare = model.__class__.from_config(model.get_config())
    bare.set_weights(model.get_weights())
    return bare


def export_bundle(bundle: Bundle, formats: Sequence[str], training: Dataset, held_out: Dataset,
                  out: Path | None, tolerance: float, roi: Roi | None = None) -> list[Row]:
    """
    Export a bundle's Keras model to other formats; write a bundle if all are accurate enough.

    :param training: source of representative images for int8.
    :param held_out: images on which each format is measured.
    :param out: the bundle to write; None only measures.
    :param tolerance: largest loss of accuracy against the Keras model.
    :param roi: region of interest for the measurement, instead of the bundle's.
    :return: a row for the Keras model, then one for each other format.
    :raises EngineError: when the bundle holds no Keras model.
    """
    keras_file = bundle.file('keras')
    if out is not None:
        check_target(out)
    if keras_file is None:
        raise EngineError(f'{bundle.directory}: holds no Keras model to export, only '
                          f'{", ".join(bundle.manifest.files)}.')
    from digiphys_ros.perception.engines.kerasfile import load_keras
    model = load_keras(keras_file)
    held_out = match_labels(held_out, bundle.labels)
    representative = _representative(bundle, training, roi)
    with tempfile.TemporaryDirectory() as folder:
        reference, expected = _measure(bundle, 'keras', held_out, None, roi)
        rows, files = [reference], dict[FileFormat, Path]()
        for name in tqdm(formats, desc='exporting', unit='format', disable=None):
            if name == 'keras':  # measured above
                files['keras'] = keras_file
                continue
            own = Path(folder) / name
            own.mkdir()
            path = _write(name, model, own, representative)
            file_format = FORMATS[name]
            part = _bundle_of(bundle, own / 'bundle', {file_format: path})
            row, _ = _measure(part, name, held_out, expected, roi)
            rows.append(_judged(row, reference, tolerance))
            files[file_format] = path
        if out is not None and not any(row.refused for row in rows):
            _bundle_of(bundle, out, files, [asdict(row) for row in rows])
    return rows


def _write(name: str, model: Any, folder: Path, representative: NDArray[Any]) -> Path:
    if name == 'onnx':
        return write_onnx(model, folder)
    if name == 'savedmodel':
        model.export(folder / 'saved_model', verbose=False)
        return folder / 'saved_model'
    precision = cast(Precision, name.removeprefix('litert_'))
    return write_litert(model, folder, precision, representative)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return size, accuracy and latency of the formats as a Markdown table."""
    lines = ['| format | size | accuracy | agrees with Keras | one image | |',
             '|---|---|---|---|---|---|']
    lines += [f'| {row["format"]} | {row["size_bytes"] / 1e6:.2f} MB | {row["accuracy"]:.4f} | '
              f'{row["agreement"]:.4f} | {row["latency_ms"]:.3f} ms | '
              f'{"REFUSED: " + row["refused"] if row["refused"] else "good"} |' for row in rows]
    return '\n'.join([*lines, '', f'{rows[0]["images"]} held-out images', ''])


def _bundle_of(bundle: Bundle, directory: Path, files: Mapping[FileFormat, Path],
               export: list[dict[str, Any]] | None = None) -> Bundle:
    """Write a bundle with the same manifest and other files."""
    frames, logits = bundle.golden()
    manifest = bundle.manifest
    if export is not None:
        manifest = manifest.model_copy(update={
            'provenance': {**manifest.provenance, 'export': export}})
    try:
        card = read_text(bundle.directory / CARD)
    except (OSError, ValueError) as error:
        raise BundleError(f'{bundle.directory / CARD}: cannot be read: {reason_of(error)}.'
                          ) from error
    if export:
        # the metrics above belong to the Keras model
        card = (f'{card.split(EXPORTED)[0]}{EXPORTED}\nEach format on held-out images, by the '
                f'engine that runs it.\n\n{table(export)}')
    return write_bundle(directory, manifest, files=files, frames=frames, logits=logits, card=card)


def _measure(bundle: Bundle, name: str, data: Dataset, expected: NDArray[Any] | None,
             roi: Roi | None) -> tuple[Row, NDArray[Any]]:
    """Return the row of one format and its answers, run as on the robot."""
    file_format = FORMATS[name]
    engine = load_model(bundle, ENGINES[file_format]).engine
    measured = Measured(bundle, engine, roi)
    answers = measured.logits_of(data, f'measuring {name}').argmax(axis=1)
    tensor = measured.tensor(data.read(0))[None]
    times_ms = []
    for _ in range(TIMED):
        started_s = perf_counter()
        engine.infer(tensor)
        times_ms.append((perf_counter() - started_s) * 1e3)
    path = bundle.file(file_format)
    assert path is not None
    files = [path] if path.is_file() else [file for file in path.rglob('*') if file.is_file()]
    return Row(
        name, sum(file.stat().st_size for file in files), len(data),
        round(float((answers == data.classes).mean()), 5),
        1.0 if expected is None else round(float((answers == expected).mean()), 5),
        round(float(np.median(times_ms)), 4)), answers


def _judged(row: Row, reference: Row, tolerance: float) -> Row:
    lost = reference.accuracy - row.accuracy
    if lost <= tolerance:
        return row
    reason = f'loses {lost:.4f} of accuracy, allowed is {tolerance:.4f}'
    return Row(**{**asdict(row), 'refused': reason})


def _representative(bundle: Bundle, training: Dataset, roi: Roi | None) -> NDArray[Any]:
    from digiphys_ros.learning.datasets.stream import tensor_of
    chosen = np.random.default_rng(0).permutation(len(training))[:REPRESENTATIVE]
    preprocess = Preprocessor(bundle.spec, roi)
    tensors = np.stack([tensor_of(preprocess, training.read(int(index))) for index in chosen])
    return with_extremes(tensors, bundle.spec)


def _run_lite(path: Path, tensor: NDArray[Any]) -> NDArray[Any]:
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(model_path=str(path))
    index = interpreter.get_input_details()[0]['index']
    interpreter.resize_tensor_input(index, tensor.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, tensor)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]['index']))
