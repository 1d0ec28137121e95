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

import pickle
import tarfile
import zipfile

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets import open_dataset
import numpy as np
import pytest


@pytest.fixture
def cifar(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
    planes = images.transpose(0, 3, 1, 2).reshape(4, -1)
    folder = tmp_path / 'cifar-10-batches-py'
    folder.mkdir()
    for name, chosen in (('data_batch_1', [0, 1]), ('data_batch_2', [2]), ('test_batch', [3])):
        content = {b'data': planes[chosen], b'labels': [index % 2 for index in chosen]}
        (folder / name).write_bytes(pickle.dumps(content))
    (folder / 'batches.meta').write_bytes(pickle.dumps({b'label_names': [b'cat', b'dog']}))
    return folder, images


def test_cifar_batches_are_read(cifar, tmp_path):
    folder, images = cifar
    with zipfile.ZipFile(tmp_path / 'c.zip', 'w') as archive:
        for file in folder.iterdir():
            archive.write(file, f'cifar-10-batches-py/{file.name}')
    with tarfile.open(tmp_path / 'c.tar.gz', 'w:gz') as archive:
        archive.add(folder, folder.name)
    for uri in (folder, tmp_path / 'c.zip', tmp_path / 'c.tar.gz'):
        data = open_dataset(str(uri))
        assert data.labels == ('cat', 'dog')
        assert data.classes.tolist() == [0, 1, 0, 1]
        np.testing.assert_array_equal(data.arrays(), images)
    assert len(open_dataset(str(folder), part='train')) == 3
    np.testing.assert_array_equal(open_dataset(str(folder), part='test').read(0), images[3])


class Evil:

    def __reduce__(self):
        return print, ('this was run',)


@pytest.mark.field('open-edge-platform/datumaro #327', "a data set in CIFAR's format runs code")
def test_cifar_pickle_runs_no_code(cifar, capsys):
    folder, _ = cifar
    (folder / 'data_batch_1').write_bytes(pickle.dumps({b'data': Evil()}))
    with pytest.raises(DatasetError, match=r'data_batch_1.*builtins\.print is not allowed'):
        open_dataset(str(folder))
    assert 'this was run' not in capsys.readouterr().out


def test_cifar_broken_batch_is_refused(cifar):
    folder, _ = cifar
    whole = (folder / 'data_batch_1').read_bytes()
    for content in (b'', b'nonsense', whole[:-20], whole[:40], pickle.dumps([1]),
                    pickle.dumps({b'data': np.zeros((2, 5), np.uint8), b'labels': [0, 1]})):
        (folder / 'data_batch_1').write_bytes(content)
        with pytest.raises(DatasetError, match=r'data_batch_1: is not a CIFAR-10 batch'):
            open_dataset(str(folder))


def test_cifar_other_or_broken_tar_is_refused(cifar, tmp_path):
    folder, _ = cifar
    with tarfile.open(tmp_path / 'other.tgz', 'w:gz') as archive:
        archive.add(folder / 'batches.meta', 'a/batches.meta')
    with pytest.raises(DatasetError, match=r'other\.tgz: of .tar .*: unpack it and name the'):
        open_dataset(str(tmp_path / 'other.tgz'))
    with tarfile.open(tmp_path / 'whole.tar.gz', 'w:gz') as archive:
        archive.add(folder, folder.name)
    for content in (b'', b'hello', (tmp_path / 'whole.tar.gz').read_bytes()[:5000]):
        (tmp_path / 'broken.tar.gz').write_bytes(content)
        with pytest.raises(DatasetError, match=r'broken\.tar\.gz: cannot be read as \.tar'):
            open_dataset(str(tmp_path / 'broken.tar.gz'))
