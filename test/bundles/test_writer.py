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


import shutil

from digiphys_ros.bundles import (
    BundleManifest,
    check_target,
    load_bundle,
    PreprocessSpec,
    write_bundle,
)
from digiphys_ros.errors import BundleError
import numpy as np
import pytest


def written(target, model, **changes):
    """Write a bundle of any bytes."""
    manifest = BundleManifest(name='x', labels=('a', 'b'), files={'litert': 'x'},
                              preprocess=PreprocessSpec(width=4, height=4))
    return write_bundle(target, manifest, **{
        'files': {'litert': model}, 'frames': np.zeros((1, 4, 4, 3), np.uint8),
        'logits': np.zeros((1, 2)), 'card': 'card', **changes})


@pytest.fixture
def model(tmp_path):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in' / 'model.tflite').write_bytes(b'weights')
    return tmp_path / 'in' / 'model.tflite'


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_write_bundle_writes_all_files(tmp_path, model):
    bundle = written(tmp_path / 'out' / 'new', model)
    assert load_bundle(tmp_path / 'out' / 'new').hash == bundle.hash
    assert names(tmp_path / 'out' / 'new') == [
        'MODEL_CARD.md', 'bundle.json', 'golden.npz', 'model.tflite']
    assert names(tmp_path / 'out') == ['new']


def test_write_bundle_with_too_many_golden_frames_is_refused(tmp_path, model):
    with pytest.raises(BundleError, match='at most 64 golden frames'):
        written(tmp_path / 'new', model, frames=np.zeros((65, 4, 4, 3), np.uint8),
                logits=np.zeros((65, 2)))
    assert not (tmp_path / 'new').exists()


def test_write_bundle_replaces_a_bundle(tmp_path, model):
    first = written(tmp_path / 'new', model)
    model.write_bytes(b'other weights')
    assert written(tmp_path / 'new', model).hash != first.hash
    assert names(tmp_path) == ['in', 'new']


@pytest.mark.parametrize('fails', ['shutil.copyfile', 'numpy.savez_compressed'])
@pytest.mark.parametrize('there', [True, False])
def test_write_bundle_on_a_full_disk_keeps_the_old_bundle(
        tmp_path, model, monkeypatch, fails, there):
    before = written(tmp_path / 'new', model).hash if there else None

    def full(*args, **options):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(fails, full)
    with pytest.raises(BundleError, match=r'new: the bundle cannot be written: No space left'):
        written(tmp_path / 'new', model)
    assert names(tmp_path) == (['in', 'new'] if there else ['in'])
    if there:
        assert load_bundle(tmp_path / 'new').hash == before


def test_write_bundle_with_a_missing_model_leaves_nothing(tmp_path, model):
    with pytest.raises(BundleError, match='No such file'):
        written(tmp_path / 'new', tmp_path / 'gone')
    assert names(tmp_path) == ['in']


def test_write_bundle_does_not_replace_other_files(tmp_path, model):
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'photos' / 'only_one.jpg').write_bytes(b'x')
    for target in (tmp_path / 'photos', model):
        for attempt in (check_target, lambda place: written(place, model)):
            with pytest.raises(BundleError, match='already exists and is not a bundle'):
                attempt(target)
    assert names(tmp_path / 'photos') == ['only_one.jpg']
    assert model.read_bytes() == b'weights'


def test_check_target_accepts_an_empty_folder_and_a_bundle(tmp_path, model):
    (tmp_path / 'new').mkdir()
    check_target(tmp_path / 'new')
    written(tmp_path / 'new', model)
    check_target(tmp_path / 'new')
    shutil.rmtree(tmp_path / 'new')
    check_target(tmp_path / 'new')
