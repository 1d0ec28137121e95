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
import os
import pickle
import shutil

from digiphys_ros.bundles import (
    Bundle,
    BundleManifest,
    load_bundle,
    PreprocessSpec,
    write_bundle,
)
from digiphys_ros.bundles.bundle import content_hash
from digiphys_ros.bundles.manifest import logits_tensor
from digiphys_ros.errors import BundleError
from digiphys_ros.perception import check_golden, create_engine
from digiphys_ros.renamed import RenamedWarning
from digiphys_ros.resources import share_dir
import numpy as np
import pytest

SHIPPED = share_dir() / 'models' / 'traffic_signs'
SAVED_MODEL_HASH = '8015cec56e292094435537a2f59bb0340fcf2527465685b6c2df4ebe43240179'
VERSION_2_HASH = 'a3bf44b10fa0b4f165d98fa90a2618abf50d153539764239e6bdc1dea60250b1'


@pytest.fixture
def bundle(tmp_path):
    """Return a copy of the shipped bundle, as version 1, that may be changed."""
    copy = shutil.copytree(SHIPPED, tmp_path / 'copy')
    manifest = load_bundle(copy).manifest.model_copy(update={'schema_version': 1})
    fields = {**manifest.spelled(), 'content_hash': content_hash(copy, manifest)}
    (copy / 'bundle.json').write_text(json.dumps(fields))
    return copy


def change(bundle, **fields):
    path = bundle / 'bundle.json'
    manifest = json.loads(path.read_text())
    for name, value in fields.items():
        manifest[name] = value(manifest[name]) if callable(value) else value
    path.write_text(json.dumps(manifest))


def refusal(bundle):
    with pytest.raises(BundleError) as refused:
        load_bundle(bundle)
    return str(refused.value)


def test_shipped_bundle_fits_the_demo():
    loaded = load_bundle(SHIPPED)
    assert len(loaded.labels) == 44
    assert loaded.manifest.background == 'no_sign'
    assert loaded.spec.shape == (1, 32, 32, 3)


def test_tutorial_names_the_shipped_model():
    page = share_dir() / 'docs' / 'tutorials' / 'try-it.md'
    assert load_bundle(SHIPPED).hash[:12] in page.read_text()


@pytest.mark.parametrize('name', ['model.tflite', 'model.keras', 'golden.npz'])
def test_bundle_with_a_changed_file_is_refused(bundle, name):
    data = bytearray((bundle / name).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / name).write_bytes(data)
    assert 'content hash' in refusal(bundle)


def saved_model(folder):
    """Write the files of a SavedModel, and return the manifest, version 1, of its bundle."""
    files = {'model/saved_model.pb': b'graph', 'model/variables/variables.index': b'index',
             'model/variables/variables.data-00000-of-00001': b'weights', 'golden.npz': b'golden'}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return BundleManifest(schema_version=1, name='x', labels=('a', 'b'),
                          files={'savedmodel': 'model'},
                          preprocess=PreprocessSpec(width=4, height=4))


def test_content_hash_of_a_saved_model_is_the_same_in_every_release(tmp_path):
    assert content_hash(tmp_path, saved_model(tmp_path)) == SAVED_MODEL_HASH


@pytest.mark.parametrize('change', [
    lambda model: (model / 'saved_model.pb').write_bytes(b'other'),
    lambda model: (model / 'variables' / 'variables.index').write_bytes(b'other'),
    lambda model: (model / 'variables' / 'variables.index').unlink(),
    lambda model: (model / 'assets').write_bytes(b''),
    lambda model: (model / 'saved_model.pb').rename(model / 'variables' / 'saved_model.pb'),
], ids=['file', 'file in a folder', 'file removed', 'file added', 'file moved'])
def test_content_hash_of_a_saved_model_changes_with_any_of_its_files(tmp_path, change):
    manifest = saved_model(tmp_path)
    change(tmp_path / 'model')
    assert content_hash(tmp_path, manifest) != SAVED_MODEL_HASH


@pytest.mark.parametrize(('fields', 'words'), [
    ({'labels': lambda labels: labels[:-1]}, ['background']),
    ({'labels': lambda labels: [*labels[:-2], labels[-1]]}, ['content hash']),
    ({'labels': lambda labels: [labels[0], *labels[:-1]]}, ['labels must be unique']),
    ({'temperature': 2.0}, ['content hash']),
    ({'temperature': -1.0}, ['`temperature`', '-1.0']),
    ({'schema_version': 4}, ['schema_version is 4', 'up to 3', 'update']),
    ({'schema_version': 2}, ['content hash']),
    ({'schema_version': 'two'}, ['`schema_version`', "'two'"]),
    ({'task': 'classification'}, ['schema_version 1 has no `task`']),
    ({'schema_version': 2, 'task': 'detection'}, ['`task`', "'classification'", "'detection'"]),
    ({'schema_version': 2, 'inputs': []}, ['inputs must be one tensor of shape [-1, 32, 32, 3]']),
    ({'schema_version': 2, 'outputs': [
        {'name': 'logits', 'shape': [-1, 3], 'dtype': 'float32', 'units': 'logit'}]},
     ['outputs must be one tensor of shape [-1, 44] float32', '[-1, 3]']),
    ({'files': {'litert': '../model.tflite'}}, ['leads out of the bundle']),
    ({'files': {'litert': '/etc/passwd'}}, ['leads out of the bundle']),
    ({'files': {'litert': 'gone.tflite'}}, ['gone.tflite', 'missing']),
    ({'files': {'Lite RT': 'model.tflite'}}, ['`files', 'pattern']),
    ({'files': {}}, ['files']),
    ({'surprise': 1}, ['`surprise`']),
    ({'use': 'advice'}, ['content hash']),
    ({'use': 'decide'}, ['`use`', "'control' or 'advice'"]),
])
def test_bundle_with_a_changed_manifest_is_refused_with_the_reason(bundle, fields, words):
    change(bundle, **fields)
    for word in words:
        assert word in refusal(bundle)


@pytest.mark.parametrize('version', [1, 2])
def test_bundle_of_an_older_version_loads_without_a_warning(bundle, version, recwarn):
    change(bundle, schema_version=version, preprocess=lambda spec: {
        **spec, 'colour': 'bgr', 'crop': 'centre_square'})
    manifest = json.loads((bundle / 'bundle.json').read_text())
    expected = content_hash(bundle, BundleManifest.model_validate(manifest))
    change(bundle, content_hash=expected)
    loaded = load_bundle(bundle)
    assert (loaded.spec.color, loaded.spec.crop) == ('bgr', 'center_crop')
    assert loaded.manifest.spelled()['preprocess'] == manifest['preprocess']
    assert not recwarn.list


def test_content_hash_of_the_older_versions_has_the_old_names(tmp_path):
    manifest = saved_model(tmp_path).model_copy(update={'schema_version': 2})
    assert content_hash(tmp_path, manifest) == VERSION_2_HASH
    newest = manifest.model_copy(update={'schema_version': 3})
    assert content_hash(tmp_path, newest) != VERSION_2_HASH


def test_written_bundle_has_the_newest_version_and_names(tmp_path):
    new = rewrite(tmp_path / 'new')
    text = (tmp_path / 'new' / 'bundle.json').read_text()
    assert json.loads(text)['schema_version'] == 3
    assert json.loads(text)['preprocess']['color'] == 'rgb'
    assert new.spec == load_bundle(SHIPPED).spec


@pytest.mark.parametrize(('old', 'new'), [
    ({'colour': 'rgb'}, {'color': 'rgb'}),
    ({'crop': 'centre_square'}, {'crop': 'center_crop'})])
def test_new_manifest_with_an_old_name_warns_and_equals_the_new_one(tmp_path, old, new):
    rewrite(tmp_path / 'new')
    fields = json.loads((tmp_path / 'new' / 'bundle.json').read_text())
    del fields['preprocess']['color'], fields['preprocess']['crop']
    with pytest.warns(RenamedWarning, match='"preprocess.* write "preprocess'):
        found = BundleManifest.model_validate({
            **fields, 'preprocess': {**fields['preprocess'], **old}})
    assert found == BundleManifest.model_validate({
        **fields, 'preprocess': {**fields['preprocess'], **new}})


@pytest.mark.parametrize('version', [1, 2, 3])
def test_manifest_with_both_spellings_is_refused_with_both_names(bundle, version):
    change(bundle, schema_version=version, preprocess=lambda spec: {**spec, 'color': 'rgb'})
    assert 'both `preprocess.color` and `preprocess.colour`' in refusal(bundle)


def test_bundle_for_advice_edited_to_control_is_refused(tmp_path):
    manifest = load_bundle(SHIPPED).manifest
    assert manifest.use == 'control'
    rewrite(tmp_path / 'new', manifest=manifest.model_copy(update={'use': 'advice'}))
    assert load_bundle(tmp_path / 'new').manifest.use == 'advice'
    change(tmp_path / 'new', use='control')
    assert 'content hash' in refusal(tmp_path / 'new')


def test_bundle_with_an_external_link_is_refused(bundle, tmp_path):
    os.replace(bundle / 'model.tflite', tmp_path / 'elsewhere')
    (bundle / 'model.tflite').symlink_to(tmp_path / 'elsewhere')
    assert 'leads out of the bundle' in refusal(bundle)


def test_folder_without_a_bundle_is_refused(tmp_path):
    assert 'is not a model bundle' in refusal(tmp_path)
    (tmp_path / 'bundle.json').write_text('{"name": ')
    assert 'is not JSON' in refusal(tmp_path)


def rewrite(target, **changes):
    """Write the shipped model again, with a right hash and something else wrong."""
    original = load_bundle(SHIPPED)
    frames, logits = original.golden()
    values = {'frames': frames, 'logits': logits, 'manifest': original.manifest, **changes}
    return write_bundle(target, values['manifest'], files={
        kind: original.file(kind) for kind in ('litert', 'keras')},
        frames=values['frames'], logits=values['logits'], card='')


def test_golden_logits_with_a_missing_label_are_refused(tmp_path):
    manifest = load_bundle(SHIPPED).manifest
    fewer = manifest.model_copy(update={
        'labels': manifest.labels[1:], 'outputs': (logits_tensor(43),)})
    bundle = rewrite(tmp_path / 'new', manifest=fewer)
    with pytest.raises(BundleError, match='43 labels, but logits of shape'):
        check_golden(bundle, create_engine(load_bundle(SHIPPED))[0])


@pytest.mark.parametrize('kind', ['litert', 'tensorflow'])
def test_golden_logits_that_differ_are_refused(tmp_path, kind):
    logits = load_bundle(SHIPPED).golden()[1]
    bundle = rewrite(tmp_path / 'new', logits=logits + 0.5)
    with pytest.raises(BundleError, match='misses a golden logit'):
        check_golden(bundle, create_engine(bundle, kind)[0])


@pytest.mark.parametrize('damage', [
    lambda content: content[:len(content) // 2], lambda content: b'',
    lambda content: bytes(byte ^ 0x55 for byte in content)])
def test_golden_file_damaged_is_refused(bundle, damage):
    path = bundle / 'golden.npz'
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BundleError, match='needs arrays `frames` and `logits`'):
        Bundle(bundle, load_bundle(SHIPPED).manifest).golden()


class Touches:
    """Leaves a file where a pickle of it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize('inside', ['array', 'file'])
def test_golden_file_with_a_pickle_is_refused_and_not_executed(bundle, tmp_path, inside):
    hostile = Touches(tmp_path / 'executed')
    if inside == 'array':
        frames = np.empty(1, object)
        frames[0] = hostile
        np.savez(bundle / 'golden.npz', frames=frames, logits=np.zeros((1, 44), np.float32))
    else:
        (bundle / 'golden.npz').write_bytes(pickle.dumps(hostile))
    with pytest.raises(BundleError, match='needs arrays `frames` and `logits`'):
        Bundle(bundle, load_bundle(SHIPPED).manifest).golden()
    assert not hostile.path.exists()


@pytest.mark.parametrize('frames', [
    np.uint8(3), np.zeros((2, 7), np.uint8), np.zeros((2, 32, 32, 3, 2), np.uint8),
    np.zeros((2, 0, 32, 3), np.uint8), np.zeros((2, 32, 32, 3), np.float32)])
def test_golden_frames_that_are_not_images_are_refused(bundle, frames):
    np.savez(bundle / 'golden.npz', frames=frames, logits=np.zeros((2, 44), np.float32))
    with pytest.raises(BundleError, match='needs frames'):
        Bundle(bundle, load_bundle(SHIPPED).manifest).golden()


def test_golden_frames_above_the_limit_are_refused(bundle):
    # 20,000 of one pixel have 700 bytes in the file and take minutes
    np.savez_compressed(bundle / 'golden.npz', frames=np.zeros((20_000, 1, 1, 3), np.uint8),
                        logits=np.zeros((20_000, 44), np.float16))
    with pytest.raises(BundleError, match='at most 64 golden frames are run, received 20000'):
        Bundle(bundle, load_bundle(SHIPPED).manifest).golden()


@pytest.mark.field(
    'tensorflow/tensorflow #39925', 'images are scaled to another range than in training')
def test_golden_frames_detect_a_changed_preprocessing(tmp_path):
    manifest = load_bundle(SHIPPED).manifest
    swapped = manifest.preprocess.model_copy(update={'resize': 'nearest'})
    bundle = rewrite(tmp_path / 'new',
                     manifest=manifest.model_copy(update={'preprocess': swapped}))
    with pytest.raises(BundleError, match='misses a golden logit'):
        check_golden(bundle, create_engine(bundle)[0])
