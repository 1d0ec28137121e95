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

"""The model card."""

from digiphys_ros.perception.bundle import BundleManifest

USES = {
    'control': 'Its results may lead to commands, through a policy and a gate.',
    'advice': 'Its results are advice to a person, who decides: a policy does not act on them, '
              'and no actuator can be wired to them.',
}


def model_card(manifest: BundleManifest) -> str:
    """Return the text of MODEL_CARD.md, made from what the manifest holds."""
    rows = [f'| {name} | {part["images"]} | {part["accuracy"]:.4f} '
            f'({part["accuracy_95"][0]:.4f} to {part["accuracy_95"][1]:.4f}) | '
            f'{part["balanced_accuracy"]:.4f} | {part["ece"]:.4f} | {part["answered"]:.4f} | '
            f'{part["accuracy_of_answers"] or 0:.4f} |'
            for name, part in manifest.metrics.items()]
    about = manifest.provenance
    description = about['recipe'].get('description', '')
    return '\n'.join([
        f'# {manifest.name}', '',
        f'Classifies images into {len(manifest.labels)} classes with the network '
        f'`{about["network"]}` ({about["parameters"]} parameters). {description}'.rstrip(), '',
        '## Use', '', USES[manifest.use], '',
        '## Data', '', *[f'- {source}' for source in about['sources']],
        f'- {about["training_images"]} training images; {about["split"]}.', '',
        '## Figures', '', 'On images that training never saw.', '',
        '| images of | count | accuracy (95 % interval) | balanced | calibration error | '
        'answered | accuracy of answers |', '|---|---|---|---|---|---|---|', *rows, '',
        f'Scores are divided by the temperature {manifest.temperature}; under '
        f'{manifest.abstain_below} the classifier abstains.', '',
        '## Limits', '', f'{about["recipe"].get("limits", "")} It knows its classes only, in '
        'pictures like those it was trained on. It has not been tested for any safety '
        'function.'.lstrip(), '',
        '## Made by', '', f'    {about["command"]}', '',
        'The classes: ' + ', '.join(manifest.labels) + '.', ''])
