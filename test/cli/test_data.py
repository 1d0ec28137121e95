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

from digiphys_ros.cli.main import main
from digiphys_ros.learning.datasets import open_dataset
import numpy as np
import pytest


def scene(seed, size=24):
    """Return an image with random shapes."""
    import cv2
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (5, 5, 3), np.uint8), (size, size),
                      interpolation=cv2.INTER_CUBIC)


def write(path, pixels, *options):
    import cv2
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels[:, :, ::-1], list(options))


@pytest.fixture
def folder(tmp_path):
    import cv2
    root = tmp_path / 'd'
    for index in range(10):
        write(root / 'ab'[index % 2] / f'{index}.png', scene(index))
    write(root / 'a' / 'copy.png', scene(0))
    write(root / 'b' / 'jpeg.jpg', scene(2), cv2.IMWRITE_JPEG_QUALITY, 90)
    cut = root / 'b' / '9.png'
    cut.write_bytes(cut.read_bytes()[:100])
    return root


def test_inspect_finds_the_problems_of_the_data(folder, tmp_path, capsys):
    code = main(['data', 'inspect', str(folder), '--json', str(tmp_path / 'r.json'),
                 '--montage', str(tmp_path / 'm.png')])
    assert code == 1
    report = json.loads((tmp_path / 'r.json').read_text())
    assert report['classes'] == {'a': 6, 'b': 6}
    assert report['sizes'] == {'24x24x3': 11}
    assert [one['sample'] for one in report['unreadable']] == ['b/9.png']
    assert report['duplicates']['exact'] == [['a/0.png', 'a/copy.png']]
    # the same image as JPEG
    assert report['duplicates']['near'] == [['a/2.png', 'b/jpeg.jpg']]
    assert report['duplicates']['of_different_classes'] == []
    output = capsys.readouterr().out
    assert 'b/9.png: the PNG file ends too early' in output
    import cv2
    # two classes, and the pair that looks the same
    assert cv2.imread(str(tmp_path / 'm.png')).shape[0] == 3 * 68


def test_inspect_good_data_has_no_problem(tmp_path):
    np.savez(tmp_path / 'd.npz', x=np.stack([scene(index) for index in range(8)]),
             y=np.arange(8) % 2)
    assert main(['data', 'inspect', str(tmp_path / 'd.npz')]) == 0


def test_inspect_similar_frames_of_a_track_are_no_problem(tmp_path):
    images = np.stack([scene(index // 2) for index in range(8)])
    images[::2, 0, 0] ^= 1
    np.savez(tmp_path / 'd.npz', x=images, y=np.arange(8) // 2 % 2, track=np.arange(8) // 2)
    assert main(['data', 'inspect', str(tmp_path / 'd.npz'), '--json',
                 str(tmp_path / 'r.json')]) == 0
    assert json.loads((tmp_path / 'r.json').read_text())['duplicates']['near'] == []


def test_inspect_image_with_two_labels_is_a_problem(tmp_path, capsys):
    np.savez(tmp_path / 'd.npz', x=np.stack([scene(index // 2) for index in range(8)]),
             y=np.arange(8) % 2)
    assert main(['data', 'inspect', str(tmp_path / 'd.npz')]) == 1
    assert 'different labels: x[0] = x[1]' in capsys.readouterr().out


def test_inspect_leakage_between_parts_is_a_problem(tmp_path, capsys):
    images = [scene(index) for index in range(19)]
    np.savez(tmp_path / 'd.npz', x=np.stack([*images, images[0]]),
             y=np.arange(20) % 19 % 2)
    for seed in range(20):
        assert main(['data', 'split', str(tmp_path / 'd.npz'), '--out',
                     str(tmp_path / 's.json'), '--seed', str(seed), '--val-fraction', '0.4']) == 0
        samples = json.loads((tmp_path / 's.json').read_text())['samples']
        apart = ('x[0]' in samples['train']) != ('x[19]' in samples['train'])
        code = main(['data', 'inspect', str(tmp_path / 'd.npz'), '--split',
                     str(tmp_path / 's.json')])
        assert code == int(apart)
        if apart:
            break
    output = capsys.readouterr().out
    assert 'leakage     1 sets of equal samples in several parts' in output
    assert 'x[19]' in output


def test_split_writes_a_manifest_for_train(tmp_path, capsys):
    np.savez(tmp_path / 'd.npz', x=np.stack([scene(index) for index in range(40)]),
             y=np.arange(40) % 2, patient=np.arange(40) // 4)
    assert main(['data', 'split', str(tmp_path / 'd.npz'), '--out', str(tmp_path / 's.json'),
                 '--test', '0.2', '--json', str(tmp_path / 'r.json')]) == 0
    report = json.loads((tmp_path / 'r.json').read_text())
    assert {name: sum(counts) for name, counts in report['counts'].items()} == {
        'train': 24, 'validation': 8, 'test': 8}
    from digiphys_ros.learning.datasets import load_split
    data = open_dataset(str(tmp_path / 'd.npz'))
    split = load_split(tmp_path / 's.json', data)
    assert not set(data.groups[split.train]) & set(data.groups[split.test])


@pytest.fixture
def mixed(tmp_path):
    """Return 40 images of two classes in two batches, and files that are not images."""
    root = tmp_path / 'd'
    for index in range(40):
        write(root / 'ab'[index % 2] / f'batch{index // 20}' / f'{index}.png', scene(index))
    for name in ('a/x.heic', 'a/y.heic', 'b/notes.txt'):
        (root / name).write_text('x')
    return root


def test_inspect_names_skipped_files_and_the_grouping(mixed, tmp_path, capsys):
    assert main(['data', 'inspect', str(mixed), '--json', str(tmp_path / 'r.json')]) == 0
    out = capsys.readouterr().out
    assert 'left out    3 files: 2 .heic (a/x.heic, a/y.heic), 1 .txt (b/notes.txt)' in out
    assert '40 groups: each image is a group of its own: the folders batch0, batch1' in out
    report = json.loads((tmp_path / 'r.json').read_text())
    assert report['left_out'] == ['a/x.heic', 'a/y.heic', 'b/notes.txt']
    assert 'batch0' in report['grouping']


def test_split_prints_fractions_and_grouping(mixed, tmp_path, capsys):
    words = ['data', 'split', str(mixed), '--out', str(tmp_path / 's.json')]
    assert main([*words, '--json', str(tmp_path / 'r.json')]) == 0
    out = capsys.readouterr().out
    assert '8 samples (20.0%) in 8 groups' in out
    assert 'groups: each image is a group of its own: the folders batch0, batch1' in out
    assert 'left out: 3 files: 2 .heic' in out
    report = json.loads((tmp_path / 'r.json').read_text())
    assert report['fractions'] == {'train': 0.8, 'validation': 0.2}
    assert main([*words, '--group', r'(batch\d)']) == 0
    out = capsys.readouterr().out
    assert '20 samples (50.0%) in 1 groups' in out
    assert r'groups: names that match (batch\d)' in out


@pytest.mark.parametrize('words', [['--model', 'tree'], ['--model', 'tree', '--split', '{split}']])
def test_training_subcommands_print_held_out_and_skipped_samples(mixed, tmp_path, capsys, words):
    split = str(tmp_path / 's.json')
    assert main(['data', 'split', str(mixed), '--out', split]) == 0
    capsys.readouterr()
    assert main(['baseline', '--data', str(mixed), *[one.format(split=split) for one in words]]
                ) == 0
    output = capsys.readouterr().err
    assert 'left out: 3 files: 2 .heic (a/x.heic, a/y.heic), 1 .txt (b/notes.txt)' in output
    assert 'validation: 8 of 40 images (20.0%), 8 of 40 groups; ' in output
    assert 'whole groups; groups: each image is a group of its own: the folders batch0' in output \
        or 'held out as s.json says; groups: each image' in output


@pytest.mark.parametrize(('words', 'sentence'), [
    ([], 'required: inspect|split'),
    (['inspect', 'nowhere'], 'nowhere: no such file'),
    (['split', 'nowhere'], 'required: --out'),
    (['inspect', '{data}', '--split', 'nowhere.json'], '--split nowhere.json: no such file'),
    (['split', '{data}', '--out', '/nowhere/s.json'], '--out /nowhere/s.json: cannot be written'),
])
def test_data_wrong_arguments_get_one_sentence(tmp_path, capsys, words, sentence):
    np.savez(tmp_path / 'd.npz', x=np.stack([scene(index) for index in range(8)]),
             y=np.arange(8) % 2)
    code = main(['data', *[word.format(data=tmp_path / 'd.npz') for word in words]])
    assert code == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]
