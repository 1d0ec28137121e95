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

"""Write the model card."""

from typing import Any

from digiphys_ros.bundles.manifest import BundleManifest
from digiphys_ros.learning.recipe import RENAMES

USES = {
    'control': 'Its results may lead to commands, through a policy and a gate.',
    'advice': 'Its results are advice to a person, who decides: a policy does not act on them, '
              'and no actuator can be wired to them.',
}


def model_card(manifest: BundleManifest) -> str:
    """Return the text of MODEL_CARD.md for a manifest."""
    rows = [_row(name, part) for name, part in manifest.metrics.items()]
    crossed = any('cross_fitted' in part for part in manifest.metrics.values())
    about = manifest.provenance
    # older releases wrote other names
    recipe = RENAMES.upgrade(about['recipe'], warn=False)
    ambiguous = {name: part.get('ambiguous_answered', part.get('doubtful_answered'))
                 for name, part in manifest.metrics.items()}
    description = recipe.get('description', '')
    return '\n'.join([
        f'# {manifest.name}', '',
        f'Classifies images into {len(manifest.labels)} classes with the network '
        f'`{about["network"]}` ({about["parameters"]} parameters). {description}'.rstrip(), '',
        '## Use', '', USES[manifest.use], '',
        '## Data', '', *[f'- {source}' for source in about['sources']],
        f'- {about["training_images"]} training images; {about["split"]}.', '',
        '## Metrics', '', 'On images held out from training.', '',
        '| images of | count | accuracy (95 % interval) | balanced | calibration error | '
        'answered | accuracy of answers |', '|---|---|---|---|---|---|---|', *rows, '',
        f'Scores are divided by the temperature {manifest.temperature}; under '
        f'{manifest.abstain_below} the classifier abstains.' + (
            ' Calibration error and answers are cross-fitted: temperature and threshold for one '
            'half of the held-out groups are fitted on the other half.' if crossed else ''),
        *[f'Of as many ambiguous images ({_corruptions(recipe)}) it answers {fraction:.4f} of '
          f'{name}.' for name, fraction in ambiguous.items() if fraction is not None], '',
        *_outliers(about.get('outliers', {}), manifest.background),
        '## Limits', '', f'{recipe.get("limits", "")} It knows its classes only, in '
        'images like those it was trained on. It has not been tested for any safety '
        'function.'.lstrip(), '',
        '## Made by', '', f'    {about["command"]}', '',
        *_origin(about.get('init_from')),
        'The classes: ' + ', '.join(manifest.labels) + '.', ''])


def _origin(bundle: dict[str, str] | None) -> list[str]:
    if bundle is None:
        return []
    return [f'Training started from the weights of the bundle `{bundle["bundle"]}` '
            f'{bundle["hash"][:12]}.', '']


def _outliers(rows: dict[str, Any], background: str | None) -> list[str]:
    """Return the table of out-of-distribution images."""
    if not rows:
        return []
    answer = f'"{background}" is an answer too.' if background else ''
    return ['Out-of-distribution images, on which to abstain. AUROC is the probability that one '
            f'gets a lower score than an image of the classes. {answer}'.rstrip(), '',
            '| out-of-distribution images | in training | count | answered | AUROC |',
            '|---|---|---|---|---|',
            *[f'| {kind.replace("_", " ")} | {"no" if row["unseen"] else "such"} | '
              f'{row["images"]} | {row["answered"]:.4f} | {row["auroc"]:.4f} |'
              for kind, row in rows.items()], '']


def _corruptions(recipe: dict[str, Any]) -> str:
    return ', '.join(f'{name} from strength {strength}' for name, strength
                     in recipe['ambiguous']['corruptions'].items()).replace('_', ' ')


def _row(name: str, part: dict[str, Any]) -> str:
    # older bundles have no cross-fitted metrics
    calibrated = part.get('cross_fitted', part)
    low, high = part['accuracy_95']
    return (f'| {name} | {part["images"]} | {part["accuracy"]:.4f} ({low:.4f} to {high:.4f}) | '
            f'{part["balanced_accuracy"]:.4f} | {calibrated["ece"]:.4f} | '
            f'{calibrated["answered"]:.4f} | {calibrated["accuracy_of_answers"] or 0:.4f} |')
