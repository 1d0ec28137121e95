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

import json

from digiphys_ros.bundles import load_bundle
from digiphys_ros.cli.main import main
from digiphys_ros.learning.export import export as export_module
from digiphys_ros.perception import Classifier, create_engine
from digiphys_ros.perception.frame import Frame
import numpy as np
import pytest


def export(bundle, colors, *words):
    return main(['export', str(bundle), '--data', str(colors / 'd.npz'), '--labels',
                 str(colors / 'names.txt'), *words])


def test_export_measures_every_format_against_keras(bundle, colors, tmp_path, capsys):
    names = ['litert_float32', 'litert_float16', 'litert_int8', 'savedmodel', 'onnx']
    assert export(bundle, colors, '--formats', ','.join(names), '--json',
                  str(tmp_path / 'e.json')) == 0
    rows = {row['format']: row for row in
            json.loads((tmp_path / 'e.json').read_text())['formats']}
    assert list(rows) == ['keras', *names]
    for row in rows.values():
        assert row['images'] == 36
        assert row['accuracy'] >= rows['keras']['accuracy'] - 0.005
        assert row['latency_ms'] > 0
    # half and a quarter of the bits
    assert rows['litert_float16']['size_bytes'] < 0.6 * rows['litert_float32']['size_bytes']
    assert rows['litert_int8']['size_bytes'] < 0.4 * rows['litert_float32']['size_bytes']
    assert '| litert_int8 |' in capsys.readouterr().out


@pytest.mark.parametrize(('formats', 'kinds'), [
    ('litert_int8', {'litert'}), ('onnx,litert_float16', {'onnx', 'litert'}),
    ('onnx,keras', {'onnx', 'keras'})])
def test_export_written_bundle_runs(bundle, colors, tmp_path, formats, kinds):
    assert export(bundle, colors, '--formats', formats, '--out', str(tmp_path / 'small')) == 0
    small = load_bundle(tmp_path / 'small')
    assert set(small.manifest.files) == kinds
    assert [row['format'] for row in small.manifest.provenance['export']] == [
        'keras', *(name for name in formats.split(',') if name != 'keras')]
    blue = np.full((100, 80, 3), 30, np.uint8)
    blue[..., 2] = 180
    answer = Classifier(small, create_engine(small)[0])(Frame(blue, 'rgb'))
    assert answer.scores[0][0] == 'blue'
    card = (tmp_path / 'small' / 'MODEL_CARD.md').read_text()
    assert card.startswith((bundle / 'MODEL_CARD.md').read_text())
    for row in small.manifest.provenance['export']:
        assert f'| {row["format"]} | {row["size_bytes"] / 1e6:.2f} MB | {row["accuracy"]:.4f}' \
            in card


def test_export_card_has_only_the_last_export(bundle, colors, tmp_path):
    for source, name, formats in ((bundle, 'a', 'keras'), (tmp_path / 'a', 'b', 'onnx')):
        assert export(source, colors, '--formats', formats, '--out', str(tmp_path / name)) == 0
    card = (tmp_path / 'b' / 'MODEL_CARD.md').read_text()
    assert card.count('## Exported') == 1
    assert '| onnx |' in card.partition('## Exported')[2]


def test_export_format_that_loses_accuracy_is_refused(
        bundle, colors, tmp_path, monkeypatch, capsys):
    real = export_module._measure

    def worse(part, name, *others):
        row, answers = real(part, name, *others)
        if name != 'keras':
            row = export_module.Row(**{**vars(row), 'accuracy': row.accuracy - 0.02})
        return row, answers
    monkeypatch.setattr(export_module, '_measure', worse)
    assert export(bundle, colors, '--formats', 'litert_int8', '--out',
                  str(tmp_path / 'small')) == 1
    assert 'REFUSED: loses 0.0200 of accuracy, allowed is 0.0050' in capsys.readouterr().out
    assert not (tmp_path / 'small').exists()
    assert export(bundle, colors, '--formats', 'litert_int8', '--out', str(tmp_path / 'small'),
                  '--tolerance', '0.03') == 0


@pytest.mark.parametrize(('words', 'code', 'sentence'), [
    (['--formats', 'litert_int4'], 2, 'litert_int4 is unknown, allowed are litert_float32'),
    (['--formats', 'onnx,onnx'], 2, 'name each format once'),
    (['--formats', 'litert_int8,litert_float16', '--out', 'x'], 2, 'has one LiteRT model'),
    (['--val-fraction', 'half'], 2, '--val-fraction half: a fraction between 0 and 1'),
    (['--split', 'nowhere.json'], 2, '--split nowhere.json: no such file'),
])
def test_export_wrong_arguments_print_one_sentence(bundle, colors, capsys, words, code, sentence):
    assert export(bundle, colors, *words) == code
    assert sentence in capsys.readouterr().err.splitlines()[-1]


def test_export_bundle_without_keras_is_refused(bundle, colors, tmp_path, capsys):
    assert export(bundle, colors, '--formats', 'onnx', '--out', str(tmp_path / 'o')) == 0
    assert export(tmp_path / 'o', colors) == 2
    assert 'holds no Keras model to export, only onnx' in capsys.readouterr().err


def test_export_int8_keeps_divisions_in_float32(tmp_path):
    from ai_edge_litert.interpreter import Interpreter
    from digiphys_ros.learning.export.litert import write_litert
    from digiphys_ros.learning.networks import build_network
    import keras
    keras.utils.set_random_seed(0)
    model = build_network('residual', {'width': 4, 'local_contrast': True}, (16, 16, 3), 3)
    images = np.random.default_rng(0).random((20, 16, 16, 3)).astype(np.float32)
    # a flat image has nothing to divide by but the least deviation
    images[:10] = 0.1
    interpreter = Interpreter(str(write_litert(model, tmp_path, 'int8', images)))
    interpreter.allocate_tensors()
    kinds = {one['op_name'] for one in interpreter._get_ops_details()}
    assert {'DIV', 'QUANTIZE'} <= kinds
    assert sum(one['dtype'] == np.int8 for one in interpreter.get_tensor_details()) > 10
    for image in images[[0, 15]]:
        interpreter.set_tensor(interpreter.get_input_details()[0]['index'], image[None])
        interpreter.invoke()
        answer = interpreter.get_tensor(interpreter.get_output_details()[0]['index'])
        expected = np.asarray(model(image[None], training=False))
        assert np.abs(answer - expected).max() < 0.1 * np.abs(expected).max() + 0.02
