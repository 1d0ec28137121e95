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

"""Models made by an attacker: what they would do is not done, and one sentence says why."""

import io
import json
import os
from pathlib import Path
import zipfile

from digiphys_ros.bundles import PreprocessSpec
from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.bundles.manifest import BundleManifest
from digiphys_ros.errors import EngineError
from digiphys_ros.perception import check_golden, create_engine, warm_up
import numpy as np
import pytest

SPEC = PreprocessSpec(width=4, height=4)


def bundle_of(folder, kind, name):
    """Return a bundle as it would be after its hash was found right."""
    return Bundle(folder, BundleManifest(
        name='hostile', labels=('a', 'b'), preprocess=SPEC, files={kind: name}))


def refused(folder, kind, name, engine):
    """Return why an engine refuses the model."""
    with pytest.raises(EngineError) as error:
        made, _ = create_engine(bundle_of(folder, kind, name), engine)
        made.infer(np.zeros(SPEC.shape, np.float32))
    text = str(error.value)
    assert '\n' not in text
    assert 'Traceback' not in text
    return text


class Failing:
    """An engine whose library fails when the model runs, as LiteRT does for a damaged one."""

    name, spec, tolerance = 'failing', SPEC, 0.0

    def __init__(self, error):
        self._error = error

    def infer(self, _):
        raise self._error


@pytest.mark.parametrize('error', [RuntimeError('two\nlines'), ValueError('x' * 1000),
                                   IndexError(), KeyError('input'), MemoryError()])
def test_model_that_loads_and_does_not_run_gets_one_sentence(tmp_path, error):
    np.savez(tmp_path / 'golden.npz', frames=np.zeros((1, 4, 4, 3), np.uint8),
             logits=np.zeros((1, 2), np.float32))
    (tmp_path / 'model.tflite').write_bytes(b'')
    for act in (lambda: check_golden(bundle_of(tmp_path, 'litert', 'model.tflite'),
                                     Failing(error)), lambda: warm_up(Failing(error), 2)):
        with pytest.raises(EngineError, match=r'engine failing cannot run .{1,400}$'):
            act()


@pytest.mark.parametrize('error', [IndexError('no inputs'), SystemError()])
def test_model_whose_library_fails_in_its_own_way_gets_one_sentence(tmp_path, monkeypatch, error):
    from digiphys_ros.perception.engines import litert

    def fail(*_):
        raise error
    monkeypatch.setattr(litert, '_Network', fail)
    (tmp_path / 'model.tflite').write_bytes(b'')
    assert 'engine litert cannot load the model' in refused(
        tmp_path, 'litert', 'model.tflite', 'litert')


# SavedModel.

@pytest.fixture(scope='module')
def tf():
    return pytest.importorskip('tensorflow')


def saved(tf, folder, body, init=None):
    """Save a model that does ``body`` before it answers, and ``init`` when it is loaded."""
    class Model(tf.Module):

        def __init__(self):
            self.weights = tf.Variable(tf.ones((48, 2)))
            if init is not None:
                self.table = init()

        @tf.function(input_signature=[tf.TensorSpec((None, 4, 4, 3), tf.float32)])
        def __call__(self, images):
            with tf.control_dependencies([one for one in [body()] if one is not None]):
                return {'logits': tf.reshape(images, (-1, 48)) @ self.weights}

    model = Model()
    tf.saved_model.save(model, str(folder / 'model'), signatures=model.__call__)
    return folder


def test_saved_model_that_only_computes_is_accepted(tf, tmp_path):
    saved(tf, tmp_path, lambda: None)
    engine, _ = create_engine(bundle_of(tmp_path, 'savedmodel', 'model'), 'tensorflow')
    assert engine.infer(np.ones(SPEC.shape, np.float32)).tolist() == [[48, 48]]


@pytest.mark.parametrize('operation', [
    'WriteFile', 'ReadFile', 'MatchingFiles', 'PyFunc', 'PrintV2', 'SaveV2', 'RestoreV2',
    'MergeV2Checkpoints', 'TextLineDataset', 'DebugIdentity', 'CopyHost', 'Abort'])
def test_saved_model_with_an_unsafe_operation_is_not_run(tf, tmp_path, operation):
    target = str(tmp_path / 'written')
    (tmp_path / 'secret').write_text('secret')
    raw = tf.raw_ops
    body = {
        'WriteFile': lambda: raw.WriteFile(filename=target, contents='owned'),
        'ReadFile': lambda: raw.ReadFile(filename=str(tmp_path / 'secret')),
        'MatchingFiles': lambda: raw.MatchingFiles(pattern='/*'),
        'PyFunc': lambda: tf.numpy_function(lambda: np.float32(0), [], tf.float32),
        'PrintV2': lambda: tf.print('owned', output_stream=f'file://{target}'),
        'SaveV2': lambda: raw.SaveV2(prefix=target, tensor_names=['a'], shape_and_slices=[''],
                                     tensors=[tf.zeros(1)]),
        'RestoreV2': lambda: raw.RestoreV2(prefix=target, tensor_names=['a'],
                                           shape_and_slices=[''], dtypes=[tf.float32])[0],
        'MergeV2Checkpoints': lambda: raw.MergeV2Checkpoints(
            checkpoint_prefixes=[target], destination_prefix=target),
        'TextLineDataset': lambda: raw.TextLineDataset(
            filenames=[target], compression_type='', buffer_size=0),
        'DebugIdentity': lambda: raw.DebugIdentity(input=1.0, debug_urls=[f'file://{target}']),
        'CopyHost': lambda: raw.CopyHost(
            input=1.0, debug_ops_spec=[f'DebugIdentity;file://{target};0']),
        'Abort': lambda: raw.Abort(),
    }[operation]
    saved(tf, tmp_path, body)
    assert f"operation '{operation}'" in refused(tmp_path, 'savedmodel', 'model', 'tensorflow')
    assert not list(tmp_path.glob('written*'))


def test_saved_model_whose_inner_function_writes_is_not_run(tf, tmp_path):
    target = tmp_path / 'written'

    def body():
        return tf.while_loop(
            lambda step: step < 1,
            lambda step: tf.cond(step < 1, lambda: write(step), lambda: step), [tf.constant(0)])

    def write(step):
        with tf.control_dependencies([tf.io.write_file(str(target), 'owned')]):
            return step + 1
    saved(tf, tmp_path, lambda: body()[0])
    assert "operation 'WriteFile'" in refused(tmp_path, 'savedmodel', 'model', 'tensorflow')
    assert not target.exists()


def test_saved_model_that_reads_a_file_when_it_is_loaded_is_refused(tf, tmp_path):
    (tmp_path / 'words').write_text('secret 1\n')

    def table():
        return tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(
            str(tmp_path / 'words'), tf.string, 0, tf.int64, 1, delimiter=' '), -1)
    saved(tf, tmp_path, lambda: None, table)
    assert 'InitializeTableFromTextFile' in refused(tmp_path, 'savedmodel', 'model', 'tensorflow')


def test_saved_model_whose_saving_function_is_called_is_refused(tf, tmp_path):
    from tensorflow.core.protobuf import saved_model_pb2
    saved(tf, tmp_path, lambda: None)
    file = tmp_path / 'model' / 'saved_model.pb'
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    library = model.meta_graphs[0].graph_def.library.function
    saver = next(one for one in library if 'traced_save' in one.signature.name)
    inner = next(one for one in library if '__inference___call__' in one.signature.name)
    node = inner.node_def.add(name='thief', op='StatefulPartitionedCall')
    node.attr['f'].func.name = saver.signature.name
    file.write_bytes(model.SerializeToString())
    assert 'traced_save' in refused(tmp_path, 'savedmodel', 'model', 'tensorflow')


@pytest.mark.parametrize('content', [b'', b'nonsense', b'\x12\x00', None])
def test_saved_model_without_a_graph_is_refused(tf, tmp_path, content):
    (tmp_path / 'model').mkdir()
    if content is not None:
        (tmp_path / 'model' / 'saved_model.pb').write_bytes(content)
    assert 'saved_model.pb' in refused(tmp_path, 'savedmodel', 'model', 'tensorflow')


# Keras.

def keras_file(folder, change=None, extra=None, weights=None):
    """Write a Keras file; ``change`` gets its configuration to spoil it."""
    keras = pytest.importorskip('keras')
    inputs = keras.Input((4, 4, 3))
    outputs = keras.layers.Dense(2)(keras.layers.Flatten()(inputs))
    keras.Model(inputs, outputs).save(folder / 'good.keras')
    with zipfile.ZipFile(folder / 'good.keras') as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts['config.json'])
    if change is not None:
        change(config['config']['layers'][1])
        parts['config.json'] = json.dumps(config).encode()
    if weights is not None:
        parts['model.weights.h5'] = weights(parts['model.weights.h5'])
    with zipfile.ZipFile(folder / 'model.keras', 'w') as archive:
        for name, content in {**parts, **(extra or {})}.items():
            archive.writestr(name, content)
    return folder


def test_keras_file_that_only_computes_is_accepted(tmp_path):
    engine, _ = create_engine(bundle_of(keras_file(tmp_path), 'keras', 'model.keras'),
                              'tensorflow')
    assert engine.infer(np.ones(SPEC.shape, np.float32)).shape == (1, 2)


@pytest.mark.parametrize(('module', 'name'), [
    ('keras.layers', 'Lambda'), ('keras.layers', 'TFSMLayer'), ('keras.layers', 'StringLookup'),
    ('keras.layers', 'TextVectorization'), ('os', 'system'), ('keras.utils', 'get_file'),
    ('keras.saving', 'load_model'), (None, 'Lambda'), ('keras.layers.os', '__lambda__')])
def test_keras_file_with_an_unsafe_layer_is_not_built(tmp_path, module, name):
    def change(layer):
        layer.update(module=module, class_name=name)
        if module is None:
            del layer['module']
    text = refused(keras_file(tmp_path, change), 'keras', 'model.keras', 'tensorflow')
    assert name in text


@pytest.mark.field('io-no/CVE-Reports #5', 'a Keras file runs code in safe mode')
def test_keras_file_with_a_lambda_runs_no_code(tmp_path):
    keras = pytest.importorskip('keras')
    target = tmp_path / 'written'
    inputs = keras.Input((4, 4, 3))

    def spy(tensor):
        Path(str(target)).write_text('owned')
        return tensor
    keras.Model(inputs, keras.layers.Lambda(spy, output_shape=(4, 4, 3))(inputs)).save(
        tmp_path / 'model.keras')
    target.unlink(missing_ok=True)
    assert 'Lambda' in refused(tmp_path, 'keras', 'model.keras', 'tensorflow')
    assert not target.exists()


def test_keras_file_whose_layer_calls_a_function_of_files_is_not_built(tmp_path):
    target = tmp_path / 'written'

    def change(layer):
        layer['config']['activation'] = {
            'module': 'keras.utils', 'class_name': 'function', 'config': 'get_file',
            'registered_name': 'function'}
        layer['config']['name'] = str(target)
    text = refused(keras_file(tmp_path, change), 'keras', 'model.keras', 'tensorflow')
    assert 'keras.utils.function' in text
    assert not target.exists()


@pytest.mark.field('io-no/CVE-Reports #7', 'an HDF5 file of Keras ignores the safe mode')
def test_keras_file_in_the_old_format_is_refused(tmp_path):
    # Keras loads HDF5 without its safe mode
    keras_file(tmp_path)
    os.rename(tmp_path / 'model.keras', tmp_path / 'model.h5')
    assert 'has to be a .keras file' in refused(tmp_path, 'keras', 'model.h5', 'tensorflow')


@pytest.mark.parametrize('link', ['external', 'soft', 'outside', 'huge', 'type', 'name'])
def test_keras_weights_in_another_file_are_refused(tmp_path, link):
    h5py = pytest.importorskip('h5py')

    def weights(content):
        buffer = io.BytesIO(content)
        with h5py.File(buffer, 'a') as file:
            if link == 'external':
                file['stolen'] = h5py.ExternalLink('/etc/passwd', '/')
            elif link == 'soft':
                file['stolen'] = h5py.SoftLink('/layers')
            elif link == 'outside':
                file.create_dataset('stolen', (10,), 'u1', external=[('/etc/passwd', 0, 10)])
            elif link == 'type':
                file['stolen'] = np.dtype('f4')
            elif link == 'name':
                file.id.links.create_hard(b'\xff\xfe', file.id, b'layers')
            else:
                file.create_dataset('stolen', (10 ** 12,), 'f4', chunks=(1000,))
        return buffer.getvalue()
    text = refused(keras_file(tmp_path, weights=weights), 'keras', 'model.keras', 'tensorflow')
    assert 'weights' in text


@pytest.mark.parametrize('extra', [
    {'assets/words.txt': b'x'}, {'../../escaped': b'x'}, {'config.json': b'[' * 100_000},
    {'config.json': b'{"class_name": "A", "class_name": "B"}'}, {'config.json': b'"\\ud800"'}])
@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_keras_file_with_strange_parts_is_refused(tmp_path, extra):
    text = refused(keras_file(tmp_path, extra=extra), 'keras', 'model.keras', 'tensorflow')
    assert 'no Keras model' in text


# ONNX.

def onnx_file(folder, change):
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    helper = onnx.helper
    weights = helper.make_tensor('weights', onnx.TensorProto.FLOAT, (48, 2), [1.0] * 96)
    nodes = [helper.make_node('Flatten', ['images'], ['flat']),
             helper.make_node('MatMul', ['flat', 'weights'], ['logits'])]
    graph = helper.make_graph(
        nodes, 'graph', [helper.make_tensor_value_info('images', 1, ['n', 4, 4, 3])],
        [helper.make_tensor_value_info('logits', 1, ['n', 2])], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    change(onnx, model)
    (folder / 'model.onnx').write_bytes(model.SerializeToString())
    return folder


def external(location):
    def change(onnx, model):
        tensor = model.graph.initializer[0]
        tensor.ClearField('float_data')
        onnx.external_data_helper.set_external_data(
            tensor, location, length=384) if tensor.HasField('raw_data') else None
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key='location', value=location)
        tensor.external_data.add(key='length', value='384')
    return change


def custom(onnx, model):
    model.graph.node[0].domain = 'com.attacker'
    model.opset_import.add(domain='com.attacker', version=1)


def context(onnx, model):
    model.graph.node[0].domain, model.graph.node[0].op_type = 'com.microsoft', 'EPContext'


def test_onnx_file_that_only_computes_is_accepted(tmp_path):
    onnx_file(tmp_path, lambda onnx, model: None)
    engine, _ = create_engine(bundle_of(tmp_path, 'onnx', 'model.onnx'), 'onnx')
    assert engine.infer(np.ones(SPEC.shape, np.float32)).tolist() == [[48, 48]]


@pytest.mark.parametrize(('change', 'words'), [
    (external('../secret'), 'another file'), (external('/etc/passwd'), 'another file'),
    (external('beside.bin'), 'another file'), (custom, 'com.attacker'), (context, 'EPContext')])
def test_onnx_file_with_external_parts_is_refused(tmp_path, change, words):
    (tmp_path / 'inner').mkdir()
    for path in (tmp_path / 'secret', tmp_path / 'inner' / 'beside.bin'):
        path.write_bytes(np.ones(96, np.float32).tobytes())
    onnx_file(tmp_path / 'inner', change)
    assert words in refused(tmp_path / 'inner', 'onnx', 'model.onnx', 'onnx')


@pytest.mark.parametrize('content', [b'', b'nonsense', b'\x3a\xff\xff\xff\xff\x0f', b'\xff' * 20])
def test_onnx_file_of_arbitrary_bytes_is_refused(tmp_path, content):
    pytest.importorskip('onnxruntime')
    (tmp_path / 'model.onnx').write_bytes(content)
    assert 'model.onnx' in refused(tmp_path, 'onnx', 'model.onnx', 'onnx')


# LiteRT.

def test_litert_file_with_a_custom_operation_is_refused(tf, tmp_path):
    @tf.function(input_signature=[tf.TensorSpec((1, 4, 4, 3), tf.float32)])
    def write(images):
        with tf.control_dependencies([tf.io.write_file(str(tmp_path / 'written'), 'owned')]):
            return tf.reshape(images, (1, 48))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([write.get_concrete_function()])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.allow_custom_ops = True
    (tmp_path / 'model.tflite').write_bytes(converter.convert())
    assert 'WriteFile' in refused(tmp_path, 'litert', 'model.tflite', 'litert')
    assert not (tmp_path / 'written').exists()


@pytest.mark.parametrize('content', [b'', b'nonsense', b'\x20\x00\x00\x00TFL3' + b'\xff' * 64])
def test_litert_file_of_arbitrary_bytes_is_refused(tmp_path, content):
    (tmp_path / 'model.tflite').write_bytes(content)
    assert 'model.tflite' in refused(tmp_path, 'litert', 'model.tflite', 'litert')
