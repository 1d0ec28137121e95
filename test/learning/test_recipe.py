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

import subprocess
import sys

from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.networks import build_network
from digiphys_ros.learning.recipe import load_recipe, Recipe, RENAMES
from digiphys_ros.renamed import RenamedWarning
from digiphys_ros.resources import share_dir
import pytest
import yaml

SHIPPED = sorted(path.stem for path in (share_dir() / 'config' / 'recipes').glob('*.yaml'))
MINIMAL = {'name': 'a', 'network': {'name': 'residual'},
           'preprocess': {'width': 32, 'height': 32}}
CLASSES = {'article_cnn_gtsrb': 43, 'traffic_signs': 43, 'sign_transformer': 43,
           'surface_defects': 6, 'chest_xray': 2}


def refusal(tmp_path, **fields):
    """Return the sentence with which a recipe is refused."""
    path = tmp_path / 'r.yaml'
    path.write_text(yaml.safe_dump({**MINIMAL, **fields}, sort_keys=False))
    with pytest.raises(ConfigError) as refused:
        load_recipe(path)
    assert str(refused.value).startswith(f'{path}:')
    assert '\n' not in str(refused.value)
    return str(refused.value)


def test_shipped_recipes_are_complete():
    assert set(SHIPPED) >= {
        'article_cnn_cifar10', 'article_cnn_gtsrb', 'perceptron', 'mlp', 'vgg16',
        'cifar10', 'traffic_signs', 'surface_defects', 'chest_xray',
        'sign_transformer', 'depthwise_photos', 'transfer_signs', 'transfer_imagenet',
        'lora_signs'}


@pytest.mark.parametrize('name', SHIPPED)
def test_shipped_recipe_has_the_name_of_its_file_and_builds(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description
    shape = recipe.preprocess.shape[1:] if recipe.preprocess else (5,)
    options = {key: None if key == 'weights' else value
               for key, value in recipe.network.options.items()}
    if recipe.network.name == 'application':
        pytest.skip('large; the network itself is tested elsewhere')
    model = build_network(recipe.network.name, options, shape, CLASSES.get(name, 10))
    # a bundle of 3 MB holds float32 as Keras and, in half of that, as LiteRT, or LiteRT alone
    weight_bytes = {'cifar10': 2}.get(name, 6)
    assert weight_bytes * model.count_params() < 2.9e6 or name in ('depthwise_photos', 'vgg16')


def test_article_recipe_equals_the_article():
    recipe = load_recipe('article_cnn_cifar10')
    assert (recipe.network.name, recipe.epochs, recipe.batch) == ('article_cnn', 10, 32)
    assert (recipe.optimizer.name, recipe.optimizer.learning_rate) == ('adam', 0.001)
    assert recipe.schedule.name == 'constant'
    assert recipe.preprocess.shape == (1, 32, 32, 3)
    assert not recipe.augment.changes_images
    assert not recipe.augment.mixup
    assert recipe.loss.name == 'crossentropy'


@pytest.mark.parametrize('name', ['traffic_signs', 'sign_transformer', 'chest_xray',
                                  'article_cnn_gtsrb', 'transfer_signs', 'lora_signs'])
def test_recipe_of_asymmetric_classes_does_not_flip(name):
    augment = load_recipe(name).augment
    assert not augment.flip_horizontal
    assert not augment.flip_vertical


@pytest.mark.parametrize(('fields', 'words'), [
    ({'epoch': 3}, [':7: ', '`epoch`', 'no such field', '3']),
    ({'ambiguous': {'fraction': 0.3, 'corruptions': {'rust': 3}}},
     ['`ambiguous.corruptions`', 'takes one or more of: ', 'defocus_blur']),
    ({'ambiguous': {'fraction': 0.3, 'corruptions': {'fog': 6}}},
     ['`ambiguous.corruptions.fog`', '6']),
    ({'ambiguous': {'fraction': 0.3, 'corruptions': {'fog': 5}}, 'preprocess': None},
     ['`ambiguous`', 'needs images']),
    ({'outliers': {'fraction': 0.3, 'kinds': ['rain']}},
     ['`outliers.kinds`', '"rain" is unknown', 'half_missing']),
    ({'outliers': {'fraction': 0.3, 'kinds': ['flat'], 'unseen_kinds': ['flat']}},
     ['`outliers.unseen_kinds`', '`kinds` trains on', 'flat']),
    ({'outliers': {'fraction': 0.3, 'images': {'a.zip': []}, 'unseen_images': ['a.zip']}},
     ['`outliers.unseen_images`', '`images` trains on', 'a.zip']),
    ({'outliers': {'fraction': 0.3}}, ['`outliers`', 'images or kinds']),
    ({'outliers': {'fraction': 1.0, 'kinds': ['flat']}}, ['`outliers.fraction`', '1.0']),
    ({'outliers': {'fraction': 0.3, 'kinds': ['flat']}, 'preprocess': None},
     ['`outliers`', 'needs images']),
    ({'outliers': {'fraction': 0.6, 'kinds': ['flat']},
      'ambiguous': {'fraction': 0.4, 'corruptions': {'fog': 5}}},
     ['`outliers.fraction`', 'below 1 together with ambiguous.fraction', '0.6']),
    ({'network': {'name': 'resnet'}}, [':3: ', '`network.name`', 'no such network',
                                       'article_cnn']),
    ({'network': {'name': 'residual', 'options': {'wdth': 8}}},
     [':5: ', '`network.options.wdth`', 'no such field', '8']),
    ({'network': {'name': 'residual', 'options': {'width': 'big'}}},
     [':5: ', '`network.options.width`', 'integer', "'big'"]),
    ({'network': {'name': 'application'}},
     [':2: ', '`network.options`', 'application needs the option `model`']),
    ({'network': {'name': 'application', 'options': {'model': 'GPT'}}},
     [':5: ', '`network.options.model`', 'MobileNetV2', "'GPT'"]),
    ({'optimizer': {'name': 'adam', 'momentum': 0.9}},
     [':9: ', '`optimizer.momentum`', 'belongs to sgd', '0.9']),
    ({'optimizer': {'name': 'adam', 'weight_decay': 0.1}}, [':9: ', 'sgd and adamw']),
    ({'optimizer': {'name': 'sgd', 'nesterov': True}}, [':9: ', 'needs a momentum']),
    ({'optimizer': {'learning_rate': 0}}, [':8: ', '`optimizer.learning_rate`', 'greater']),
    ({'epochs': 3, 'schedule': {'warmup_epochs': 3}},
     [':9: ', '`schedule.warmup_epochs`', 'below epochs, which is 3']),
    ({'epochs': 3, 'transfer': {'frozen_epochs': 4, 'learning_rate': 1e-4}},
     [':9: ', '`transfer.frozen_epochs`', 'at most epochs']),
    ({'lora': {'rank': 2}, 'transfer': {'frozen_epochs': 4, 'learning_rate': 1e-4}},
     [':7: ', '`lora`', 'choose one']),
    ({'loss': {'label_smoothing': 1}}, [':8: ', '`loss.label_smoothing`']),
    ({'preprocess': None, 'augment': {'crop': 0.1}}, [':5: ', '`augment`', 'tables']),
    ({'preprocess': {'width': 8, 'height': 8, 'dtype': 'uint8'}},
     [':7: ', '`preprocess.dtype`', 'float32']),
    ({'augment': {'flip': True}}, [':8: ', '`augment.flip`', 'no such field']),
    ({'name': 'a b'}, [':1: ', '`name`', "'a b'"]),
    ({'tune': {'optimizer.lr': {'low': 0.1, 'high': 1}}},
     [':8: ', '`tune.optimizer.lr`', 'no such field']),
    ({'tune': {'network.options.width': {'low': 0, 'high': 8}}},
     [':8: ', '`tune.network.options.width`', 'greater', '0']),
    ({'tune': {'lora.rank': {'choices': [2, 4]}}}, [':8: ', 'no `lora` to set it in']),
    ({'tune': {'epochs': {'low': 3, 'high': 3}}}, [':10: ', '`tune.epochs.high`', 'above low']),
    ({'tune': {'epochs': {'low': 3}}}, [':8: ', '`tune.epochs`', 'low and high, or choices']),
    ({'tune': {'optimizer.weight_decay': {'low': 0, 'high': 1, 'log': True}}},
     [':11: ', 'needs a low above 0']),
])
def test_recipe_error_names_file_line_and_field(tmp_path, fields, words):
    sentence = refusal(tmp_path, **fields)
    for word in words:
        assert word in sentence


MINIMAL_OUTLIERS = {'fraction': 0.3, 'kinds': ['flat']}
RENAMED = {
    'preprocess.colour': ({'preprocess': {'width': 8, 'height': 8, 'colour': 'mono'}},
                          {'preprocess': {'width': 8, 'height': 8, 'color': 'mono'}}),
    'preprocess.crop: centre_square': (
        {'preprocess': {'width': 8, 'height': 8, 'crop': 'centre_square'}},
        {'preprocess': {'width': 8, 'height': 8, 'crop': 'center_crop'}}),
    'augment.colour_temperature': ({'augment': {'colour_temperature': 0.1}},
                                   {'augment': {'color_temperature': 0.1}}),
    'doubtful': ({'doubtful': {'fraction': 0.3, 'corruptions': {'fog': 5}}},
                 {'ambiguous': {'fraction': 0.3, 'corruptions': {'fog': 5}}}),
    'ambiguous.share': ({'ambiguous': {'share': 0.3, 'corruptions': {'fog': 5}}},
                        {'ambiguous': {'fraction': 0.3, 'corruptions': {'fog': 5}}}),
    'ambiguous.corruptions.colour_temperature': (
        {'ambiguous': {'fraction': 0.3, 'corruptions': {'colour_temperature': 4, 'fog': 5}}},
        {'ambiguous': {'fraction': 0.3, 'corruptions': {'color_temperature': 4, 'fog': 5}}}),
    'outliers.share': ({'outliers': {'share': 0.3, 'kinds': ['flat']}},
                       {'outliers': {'fraction': 0.3, 'kinds': ['flat']}}),
    'mirror: true': ({'mirror': True}, {'tta': 'flip'}),
    'mirror: false': ({'mirror': False}, {'tta': 'none'}),
    'tune.augment.colour_temperature': (
        {'tune': {'augment.colour_temperature': {'low': 0.1, 'high': 0.2}}},
        {'tune': {'augment.color_temperature': {'low': 0.1, 'high': 0.2}}}),
}


@pytest.mark.parametrize('key', RENAMED)
def test_recipe_with_an_old_key_warns_and_equals_the_new_one(tmp_path, key):
    old, new = RENAMED[key]
    path = tmp_path / 'r.yaml'
    path.write_text(yaml.safe_dump({**MINIMAL, **old}, sort_keys=False))
    with pytest.warns(RenamedWarning) as warned:
        recipe = load_recipe(path)
    assert recipe == Recipe.model_validate({**MINIMAL, **new})
    assert len(warned) == 1
    assert f'"{key.removeprefix("tune.")}" ' in str(warned[0].message)


def test_recipe_of_an_older_bundle_loads_as_it_was_written(recwarn):
    provenance = {**MINIMAL, 'mirror': True, 'doubtful': {
        'share': 0.25, 'corruptions': {'fog': 5, 'colour_temperature': 4, 'jpeg': 3}}}
    recipe = Recipe.model_validate(RENAMES.upgrade(provenance, warn=False))
    assert (recipe.tta, recipe.ambiguous.fraction) == ('flip', 0.25)
    assert list(recipe.ambiguous.corruptions) == ['fog', 'color_temperature', 'jpeg']
    assert not recwarn.list


@pytest.mark.parametrize(('fields', 'old', 'new'), [
    ({'preprocess': {'width': 8, 'height': 8, 'colour': 'mono', 'color': 'mono'}},
     'preprocess.colour', 'preprocess.color'),
    ({'augment': {'colour_temperature': 0.1, 'color_temperature': 0.1}},
     'augment.colour_temperature', 'augment.color_temperature'),
    ({'doubtful': None, 'ambiguous': None}, 'doubtful', 'ambiguous'),
    ({'outliers': {**MINIMAL_OUTLIERS, 'share': 0.3}}, 'outliers.share', 'outliers.fraction'),
    ({'mirror': True, 'tta': 'flip'}, 'mirror', 'tta'),
    ({'tune': {'outliers.share': {'low': 0.1, 'high': 0.2},
               'outliers.fraction': {'low': 0.1, 'high': 0.2}},
      'outliers': MINIMAL_OUTLIERS}, 'outliers.share', 'outliers.fraction'),
])
@pytest.mark.filterwarnings('ignore::digiphys_ros.renamed.RenamedWarning')
def test_recipe_with_both_spellings_is_refused_with_both_names(tmp_path, fields, old, new):
    error = refusal(tmp_path, **fields)
    place = f'tune.{old}' if 'tune' in fields else old
    assert f'field `{place}`: has both `{new}` and `{old}`, its deprecated name' in error
    line = int(error.partition('.yaml:')[2].partition(':')[0])
    key = old if 'tune' in fields else old.rpartition('.')[2]
    assert f'{key}:' in (tmp_path / 'r.yaml').read_text().splitlines()[line - 1]


def test_replaced_accepts_old_keys_with_a_warning():
    recipe = Recipe.model_validate({**MINIMAL, 'outliers': MINIMAL_OUTLIERS})
    with pytest.warns(RenamedWarning, match='write "outliers.fraction"'):
        assert recipe.replaced({'outliers.share': 0.5}).outliers.fraction == 0.5
    with pytest.warns(RenamedWarning, match='write "tta"'):
        assert recipe.replaced({'mirror': True}).tta == 'flip'


def test_load_recipe_unknown_name_lists_the_recipes():
    with pytest.raises(ConfigError, match=r'"nothing\.yaml" was not found.*traffic_signs'):
        load_recipe('nothing')


def test_load_recipe_ignores_a_folder_of_the_same_name(tmp_path, monkeypatch):
    (tmp_path / 'mlp').mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_recipe('mlp').network.name == 'mlp'


def test_replaced_sets_nested_fields_and_validates():
    recipe = Recipe.model_validate({**MINIMAL, 'tune': {'epochs': {'low': 1, 'high': 9}}})
    other = recipe.replaced({'network.options.width': 8, 'optimizer.learning_rate': 0.5})
    assert other.network.options['width'] == 8
    assert other.optimizer.learning_rate == 0.5
    assert (other.epochs, other.preprocess) == (recipe.epochs, recipe.preprocess)
    with pytest.raises(ConfigError, match=r'`network\.options\.width`.*received 0'):
        recipe.replaced({'network.options.width': 0})
    with pytest.raises(ConfigError, match='no `early_stopping` to set it in'):
        recipe.replaced({'early_stopping.patience': 3})


def test_load_recipe_does_not_import_tensorflow():
    script = ('import sys; from digiphys_ros.learning.recipe import load_recipe;'
              'load_recipe("traffic_signs");'
              'print(sorted({"tensorflow", "keras", "sklearn"} & set(sys.modules)))')
    result = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True,
                            cwd=share_dir(), check=True)
    assert result.stdout.strip() == '[]'
