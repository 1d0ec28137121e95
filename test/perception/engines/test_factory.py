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

import os
import subprocess
import sys

from digiphys_ros.bundles import load_bundle, PreprocessSpec, write_bundle
from digiphys_ros.errors import EngineError
from digiphys_ros.perception import check_golden, create_engine, Preprocessor, warm_up
from digiphys_ros.perception.engines import (
    factory,
    FakeEngine,
    onnx as onnx_module,
)
from digiphys_ros.perception.engines.kind import EngineKind, ENGINES
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.host_memory import host_array
from digiphys_ros.resources import share_dir
import numpy as np
import pytest


@pytest.fixture(scope='module')
def bundle():
    return load_bundle(share_dir() / 'models' / 'traffic_signs')


@pytest.fixture(scope='module')
def tensor(bundle):
    preprocess = Preprocessor(bundle.spec)
    return np.concatenate([preprocess(Frame(frame, 'rgb')) for frame in bundle.golden()[0]])


def test_engines_agree(bundle, tensor):
    logits = [create_engine(bundle, kind)[0].infer(tensor) for kind in ('litert', 'tensorflow')]
    np.testing.assert_allclose(logits[0], logits[1], atol=1e-3 * np.abs(logits[0]).max())
    assert logits[0].shape == (len(tensor), 44)
    assert logits[0].dtype == logits[1].dtype == np.float32


@pytest.mark.parametrize('threads', [1, 2, 3])
@pytest.mark.parametrize('images', [1, 2, 5])
def test_engine_batch_equals_single_frames(bundle, tensor, threads, images):
    engine, _ = create_engine(bundle, 'litert', threads=threads)
    batch = np.resize(tensor, (images, *tensor.shape[1:]))
    together = engine.infer(batch)
    singly = np.concatenate([engine.infer(one[None]) for one in batch])
    np.testing.assert_allclose(together, singly, atol=1e-3)
    assert not np.allclose(singly[0], singly[-1]) or images == 1


AFFINITY = """
import os, sys
import numpy as np
from digiphys_ros.perception import create_engine
from digiphys_ros.bundles import load_bundle
bundle = load_bundle(sys.argv[1])
before = set(os.listdir('/proc/self/task'))
engine, _ = create_engine(bundle, 'litert', threads=int(sys.argv[2]))
engine.infer(np.zeros(bundle.spec.shape, np.float32))
started = set(os.listdir('/proc/self/task')) - before
print(len(os.sched_getaffinity(0)), *{len(os.sched_getaffinity(int(one))) for one in started})
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason='one core')
def test_litert_threads_stay_on_their_cores():
    cores = len(os.sched_getaffinity(0))
    for threads, kept in ((0, cores - 1), (cores, cores - 1), (cores + 1, cores)):
        words = [sys.executable, '-c', AFFINITY, str(share_dir() / 'models' / 'traffic_signs'),
                 str(threads)]
        printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        # the core that is left is for the thread that asks, only while it waits for the model
        assert printed.split() == [str(cores), str(kept)]


def test_tensorflow_with_xla_gives_equal_logits(bundle, tensor):
    plain, _ = create_engine(bundle, 'tensorflow')
    compiled, _ = create_engine(bundle, 'tensorflow', xla=True)
    np.testing.assert_allclose(plain.infer(tensor), compiled.infer(tensor), atol=1e-2)


def test_saved_model_equals_the_keras_file(bundle, tensor, tmp_path):
    from digiphys_ros.bundles import write_bundle
    import keras
    model = keras.models.load_model(bundle.file('keras'), compile=False)
    model.export(tmp_path / 'saved_model', verbose=False)
    frames, logits = bundle.golden()
    saved = write_bundle(tmp_path / 'saved', bundle.manifest, files={
        'savedmodel': tmp_path / 'saved_model'}, frames=frames, logits=logits, card='')
    engine, why = create_engine(saved)
    assert 'tensorflow' in why
    np.testing.assert_allclose(engine.infer(tensor), logits, atol=1e-2)


@pytest.fixture(scope='module')
def onnx_bundle(bundle, tmp_path_factory):
    from digiphys_ros.bundles import write_bundle
    from digiphys_ros.learning.export.onnx import write_onnx
    import keras
    folder = tmp_path_factory.mktemp('onnx')
    model = keras.models.load_model(bundle.file('keras'), compile=False)
    frames, logits = bundle.golden()
    return write_bundle(folder / 'signs', bundle.manifest, files={
        'onnx': write_onnx(model, folder)}, frames=frames, logits=logits, card='')


def test_onnx_model_equals_the_keras_file(onnx_bundle, bundle, tensor):
    engine, why = create_engine(onnx_bundle)
    assert 'onnx on CPU' in why
    logits = engine.infer(tensor)
    np.testing.assert_allclose(logits, bundle.golden()[1], atol=1e-2)
    np.testing.assert_allclose(logits[3:4], engine.infer(tensor[3:4]), atol=1e-3)
    # the buffers are used again, the answers are not
    before, given = logits.copy(), tensor.copy()
    engine.infer(tensor[::-1])
    np.testing.assert_array_equal(logits, before)
    np.testing.assert_array_equal(tensor, given)


def test_create_engine_without_its_file_format_is_refused(bundle, onnx_bundle):
    with pytest.raises(EngineError, match='holds no ONNX model, only litert, keras'):
        create_engine(bundle, 'onnx')
    with pytest.raises(EngineError, match='holds no LiteRT model, only onnx'):
        create_engine(onnx_bundle, 'litert')


def test_auto_runs_a_format_of_a_plug_in_by_its_engine(bundle, tmp_path, monkeypatch):
    (tmp_path / 'model.hef').write_bytes(b'compiled')
    frames, logits = bundle.golden()
    own = write_bundle(tmp_path / 'own', bundle.manifest, files={'hailo': tmp_path / 'model.hef'},
                       frames=frames, logits=logits, card='')
    with pytest.raises(EngineError, match='holds hailo, and no engine for it is installed'):
        create_engine(own)
    kind = EngineKind('json:loads', module='json', package='hailort', files=('hailo',))
    monkeypatch.setattr(ENGINES, 'usable_plugins', lambda: [('hailo', kind)])
    assert factory._choose(own) == ('hailo', 'no built-in engine can run the bundle here')


def test_auto_chooses_litert_without_a_gpu(bundle, monkeypatch):
    real = factory.Path.exists
    monkeypatch.setattr(factory.Path, 'exists',
                        lambda path: str(path) != '/dev/nvidia0' and real(path))
    engine, why = create_engine(bundle)
    assert engine.name == 'litert'
    assert 'no GPU' in why


@pytest.mark.parametrize(('seen', 'name', 'reason'), [
    (True, 'tensorflow', 'NVIDIA'), (False, 'litert', 'no GPU')])
def test_auto_chooses_tensorflow_with_a_gpu(bundle, monkeypatch, seen, name, reason):
    from digiphys_ros.perception.engines import tensorflow
    real = factory.Path.exists
    monkeypatch.setattr(factory.Path, 'exists',
                        lambda path: str(path) == '/dev/nvidia0' or real(path))
    monkeypatch.setattr(tensorflow, 'sees_gpu', lambda: seen)
    engine, why = create_engine(bundle)
    assert engine.name == name
    assert reason in why


@pytest.mark.parametrize(('seen', 'device', 'tolerance'), [
    (True, 'GPU', 0.02), (False, 'CPU', 1e-3)])
def test_golden_tolerance_on_a_gpu_allows_tf32(bundle, monkeypatch, seen, device, tolerance):
    from digiphys_ros.perception.engines import tensorflow
    monkeypatch.setattr(tensorflow, 'sees_gpu', lambda: seen)
    engine, _ = create_engine(bundle, 'tensorflow')
    assert (engine.device, engine.tolerance) == (device, tolerance)


@pytest.mark.parametrize('name', sorted(
    path.parent.name for path in (share_dir() / 'models').glob('*/model.keras')))
def test_half_precision_runs_every_shipped_model(name):
    from digiphys_ros.perception.engines.tensorflow import _half
    import tensorflow as tf
    shipped = load_bundle(share_dir() / 'models' / name)
    model = tf.keras.models.load_model(shipped.file('keras'), compile=False)
    half = _half(model)
    frames, expected = shipped.golden()
    tensors = np.concatenate([Preprocessor(shipped.spec)(Frame(one, shipped.spec.color))
                              for one in frames])
    assert computed_in(half) == {'float16'}
    np.testing.assert_allclose(np.asarray(half(tensors), np.float32), expected,
                               atol=0.02 * np.abs(expected).max())


def computed_in(model):
    """Return the compute types of all layers that hold weights, of models within it too."""
    return {layer.compute_dtype for layer in model._flatten_layers(include_self=False)
            if layer.weights and not layer._layers}


def test_half_precision_runs_nested_models():
    from digiphys_ros.learning.networks import build_network, add_flip_tta
    from digiphys_ros.perception.engines.tensorflow import _half
    model = add_flip_tta(build_network('article_cnn', {}, (32, 32, 3), 10))
    half = _half(model)
    assert (computed_in(model), computed_in(half)) == ({'float32'}, {'float16'})
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    expected = np.asarray(model(images))
    np.testing.assert_allclose(np.asarray(half(images), np.float32), expected,
                               atol=0.02 * max(np.abs(expected).max(), 1.0))


def test_tensorflow_copies_only_unaligned_memory(bundle, tensor):
    from digiphys_ros.perception.engines.tensorflow import _tensor
    engine, _ = create_engine(bundle, 'tensorflow')
    aligned = host_array(tensor.shape, tensor.dtype, 'GPU')
    aligned[...] = tensor
    other = np.empty(tensor.size + 1, tensor.dtype)[1:].reshape(tensor.shape)
    other[...] = tensor
    given = _tensor(aligned)
    aligned[0] += 1.0
    np.testing.assert_array_equal(given.numpy()[0], tensor[0] + 1.0)
    aligned[0] = tensor[0]
    np.testing.assert_array_equal(engine.infer(aligned), engine.infer(other))


@pytest.mark.field(
    'microsoft/onnxruntime #23372',
    'the GPU does not work and the processor is used without a word')
@pytest.mark.parametrize('works', [True, False])
def test_onnx_runtime_without_cuda_uses_the_cpu(
        onnx_bundle, monkeypatch, works):
    real, asked = onnx_module.onnxruntime.InferenceSession, []

    def session(path, options, providers, **extra):
        asked.append(providers)
        if providers[0] == onnx_module.CUDA and not works:
            raise RuntimeError('CUDA failure 100: no CUDA-capable device is detected')
        return real(path, options, [onnx_module.CPU])
    monkeypatch.setattr(onnx_module.onnxruntime, 'InferenceSession', session)
    monkeypatch.setattr(onnx_module.onnxruntime, 'get_available_providers',
                        lambda: [onnx_module.CUDA, onnx_module.CPU])
    engine, why = create_engine(onnx_bundle, 'onnx')
    assert asked == [[onnx_module.CUDA, onnx_module.CPU], [onnx_module.CPU]][:1 + (not works)]
    assert engine.device == 'CPU' and 'on CPU' in why
    check_golden(onnx_bundle, engine)


def test_create_engine_missing_package_names_the_command(bundle, monkeypatch):
    monkeypatch.setattr(factory, 'find_spec', lambda module: None)
    with pytest.raises(EngineError, match='pip install ai-edge-litert'):
        create_engine(bundle)
    with pytest.raises(EngineError, match='pip install tensorflow'):
        create_engine(bundle, 'tensorflow')


def test_create_engine_unknown_name_is_refused(bundle):
    with pytest.raises(EngineError, match='allowed are auto, litert, tensorflow, onnx'):
        create_engine(bundle, 'magic')


def test_litert_never_imports_tensorflow(bundle):
    code = ('import sys; from digiphys_ros.bundles import load_bundle;'
            'from digiphys_ros.perception import create_engine;'
            f'create_engine(load_bundle({str(bundle.directory)!r}), "litert");'
            'sys.exit("tensorflow" in sys.modules)')
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


@pytest.fixture(scope='module')
def int8_bundle(tmp_path_factory):
    from digiphys_ros.bundles import write_bundle
    from digiphys_ros.learning.export.litert import with_extremes, write_litert
    import keras
    folder = tmp_path_factory.mktemp('int8')
    bundle = load_bundle(share_dir() / 'models' / 'sorting_line')
    model = keras.models.load_model(bundle.file('keras'), compile=False)
    frames, logits = bundle.golden()
    tensors = np.concatenate([Preprocessor(bundle.spec)(Frame(one, bundle.spec.color))
                              for one in frames])
    file = write_litert(model, folder, 'int8', with_extremes(tensors, bundle.spec))
    return write_bundle(folder / 'parts', bundle.manifest, files={'litert': file}, frames=frames,
                        logits=logits, card='')


@pytest.mark.field(
    'tensorflow/tensorflow #35072', 'how the input of an int8 model is scaled is unclear')
def test_litert_quantised_model_takes_pixels(int8_bundle):
    engine, _ = create_engine(int8_bundle)
    assert engine.spec.dtype == 'uint8'
    frame = Frame(int8_bundle.golden()[0][0], int8_bundle.spec.color)
    pixels = Preprocessor(engine.spec)(frame)
    assert pixels.dtype == np.uint8
    # what the contract makes of the frame gives the same answer
    tensor = Preprocessor(int8_bundle.spec)(frame)
    np.testing.assert_array_equal(engine.infer(pixels), engine.infer(tensor))
    check_golden(int8_bundle, engine)


def test_litert_quantised_model_of_another_range_takes_float32(
        int8_bundle, tmp_path):
    from digiphys_ros.bundles import write_bundle
    spec = int8_bundle.spec.model_copy(update={'mean': (0.5,), 'std': (0.25,)})
    frames, logits = int8_bundle.golden()
    other = write_bundle(
        tmp_path / 'other', int8_bundle.manifest.model_copy(update={'preprocess': spec}),
        files={'litert': int8_bundle.file('litert')}, frames=frames, logits=logits, card='')
    assert create_engine(other)[0].spec == spec


def test_warm_up_runs_every_batch_size(bundle):
    class Recorder(FakeEngine):
        """Keeps what it was given."""

        def infer(self, tensor):
            shapes.append((tensor.shape, tensor.dtype.name))
            return super().infer(tensor)
    shapes = []
    warm_up(Recorder(bundle.spec, 44), 3)
    assert shapes == [((size, 32, 32, 3), 'float32') for size in (1, 2, 3)]


def test_fake_engine_answers_by_the_mean():
    tensor = np.stack([np.full((2, 2, 3), value, np.float32) for value in (0, 2, 7)])
    engine = FakeEngine(PreprocessSpec(width=2, height=2), 5)
    assert engine.infer(tensor).argmax(axis=1).tolist() == [0, 2, 2]
