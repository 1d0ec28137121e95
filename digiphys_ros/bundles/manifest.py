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

"""The manifest of a bundle: the content of ``bundle.json``."""

import json
from typing import Annotated, Any, Literal

from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from digiphys_ros.renamed import Renames
from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION = 3
GOLDEN = 'golden.npz'

FileFormat = Annotated[str, Field(pattern=r'^[a-z][a-z0-9_]*$')]
"""``litert``, ``keras``, ``savedmodel``, ``onnx``, or the format of an engine from a plug-in."""
Use = Literal['control', 'advice']
Label = Annotated[str, Field(min_length=1)]
Size = Annotated[int, Field(ge=-1)]

ADDED = {'task', 'inputs', 'outputs'}
"""Fields since version 2; the content hash of version 1 omits them."""

MANIFEST_RENAMES = Renames({'preprocess.colour': 'preprocess.color'},
                           {'preprocess.crop': {'centre_square': 'center_crop'}})
"""Names of version 3; the content hash of older versions uses the old names."""


class Tensor(BaseModel):
    """
    One named input or output of a model.

    :ivar shape: sizes of the axes; -1 is the batch, of any size.
    :ivar dtype: as NumPy spells it.
    :ivar units: unit of the values.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    name: Annotated[str, Field(pattern=r'^[A-Za-z0-9_]+$')]
    shape: Annotated[tuple[Size, ...], Field(min_length=1)]
    dtype: Literal['float32', 'uint8']
    units: Annotated[str, Field(min_length=1)]


class BundleManifest(BaseModel):
    """
    What ``bundle.json`` holds.

    Version 1 has no ``task``, ``inputs`` and ``outputs``: it describes a classifier whose input
    and output follow from ``preprocess`` and ``labels``. Versions 1 and 2 spell
    ``preprocess.color`` and ``center_crop`` as ``colour`` and ``centre_square``.

    :ivar task: task of the model; this release supports classification.
    :ivar inputs: the preprocessed image.
    :ivar outputs: one logit for each label.
    :ivar use: ``control``: results may lead to commands; ``advice``: only a person uses them.
    :ivar background: label of images without any other class.
    :ivar files: file format -> model file, relative to the bundle's folder.
    :ivar temperature: divides the logits before the softmax.
    :ivar abstain_below: lowest best probability of an answer; below it the classifier abstains.
    :ivar content_hash: sha256 of the manifest without this field and of every file it names.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    schema_version: Literal[1, 2, 3] = 3
    name: Annotated[str, Field(pattern=r'^[A-Za-z0-9_-]+$')]
    task: Literal['classification'] = 'classification'
    use: Use = 'control'
    labels: Annotated[tuple[Label, ...], Field(min_length=2)]
    background: str | None = None
    preprocess: PreprocessSpec
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    files: Annotated[dict[FileFormat, str], Field(min_length=1)]
    golden: str = GOLDEN
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    abstain_below: Annotated[float, Field(ge=0, le=1)] = 0.0
    provenance: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    content_hash: str = ''

    @model_validator(mode='before')
    @classmethod
    def _filled(cls, data: Any) -> Any:
        """Derive missing tensors from preprocessing and labels."""
        if not isinstance(data, dict):
            return data
        version = data.get('schema_version', SCHEMA_VERSION)
        if version == 1 and (new := sorted(ADDED & data.keys())):
            raise ValueError(f'schema_version 1 has no `{new[0]}`: write schema_version '
                             f'{SCHEMA_VERSION}')
        data = MANIFEST_RENAMES.upgrade(data, warn=version == SCHEMA_VERSION)
        spec, labels = data.get('preprocess'), data.get('labels')
        if isinstance(spec, dict):
            try:
                spec = PreprocessSpec.model_validate(spec)
            except ValueError:
                return data
        if not isinstance(spec, PreprocessSpec) or not isinstance(labels, (list, tuple)):
            return data
        return {'inputs': (image_tensor(spec),), 'outputs': (logits_tensor(len(labels)),), **data}

    @model_validator(mode='after')
    def _consistent(self) -> 'BundleManifest':
        if len(set(self.labels)) != len(self.labels):
            raise ValueError('labels must be unique')
        if self.background is not None and self.background not in self.labels:
            raise ValueError(f'background "{self.background}" is not one of the labels')
        for name, found, needed in (('inputs', self.inputs, image_tensor(self.preprocess)),
                                    ('outputs', self.outputs, logits_tensor(len(self.labels)))):
            if len(found) != 1 or (found[0].shape, found[0].dtype) != (needed.shape, needed.dtype):
                raise ValueError(
                    f'{name} must be one tensor of shape {list(needed.shape)} {needed.dtype}, as '
                    f'preprocess and labels say, received '
                    f'{[[list(one.shape), one.dtype] for one in found]}')
        return self

    def spelled(self) -> dict[str, Any]:
        """Return the fields with the names of the manifest's version."""
        fields: dict[str, Any] = json.loads(self.model_dump_json(
            exclude=ADDED if self.schema_version == 1 else None))
        return fields if self.schema_version > 2 else dict(MANIFEST_RENAMES.downgrade(fields))


def image_tensor(spec: PreprocessSpec) -> Tensor:
    """Return the input of a classifier: (batch, height, width, channels)."""
    units = 'pixel value' if spec.dtype == 'uint8' else '(pixel value * scale - mean) / std'
    return Tensor(name='image', shape=(-1, *spec.shape[1:]), dtype=spec.dtype, units=units)


def logits_tensor(classes: int) -> Tensor:
    """Return the output of a classifier: (batch, classes)."""
    return Tensor(name='logits', shape=(-1, classes), dtype='float32', units='logit')
