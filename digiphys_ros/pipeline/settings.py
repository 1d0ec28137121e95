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

"""What a run without ROS takes from the parameters file of a run with it."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from digiphys_ros.bundles.preprocess_spec import Roi
from digiphys_ros.perception.camera_checks import Limits
from digiphys_ros.yamlfile import load_yaml
from pydantic import BaseModel, ConfigDict, create_model, Field

WHOLE_FRAME = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Settings:
    """
    Parameters of the nodes, named as there; each has the node's own default.

    :ivar limits: of the camera checks.
    :ivar rules: rules file, empty for a pipeline without a policy.
    :ivar processing_delay_s: from the capture of a picture until its command reaches the gate.
    """

    bundle: str = 'traffic_signs'
    engine: str = 'auto'
    roi: Roi | None = None
    limits: Limits = field(default_factory=Limits)
    rules: str = ''
    lease_s: float = 0.5
    rate_hz: float = 50.0
    processing_delay_s: float = 0.03


class _Loose(BaseModel):
    # `digiphys run` and the nodes check the whole file
    model_config = ConfigDict(extra='ignore')


class _Classifier(_Loose):
    bundle: str = Settings.bundle
    engine: str = Settings.engine
    roi: tuple[float, float, float, float] = WHOLE_FRAME
    black_below: float = Limits.black_below
    skip_repeated: bool = Limits.skip_repeated
    max_repeated: float = Limits.max_repeated
    min_contrast: float = Limits.min_contrast
    min_sharpness: float = Limits.min_sharpness
    max_saturated: float = Limits.max_saturated
    max_dead: float = Limits.max_dead
    min_correlation: float = Limits.min_correlation


class _Policy(_Loose):
    rules: str = Settings.rules


class _Gate(_Loose):
    lease_s: float = Settings.lease_s
    rate_hz: float = Settings.rate_hz


def load_settings(path: Path) -> Settings:
    """
    Return what the nodes of a ROS parameters file are told.

    :raises ConfigError: naming the file, the line and the field.
    """
    sections: dict[str, Any] = {
        node: (create_model(node, ros__parameters=(kind, kind()), __base__=_Loose),
               Field(default=None, alias=f'/**/{node}'))
        for node, kind in (('classifier', _Classifier), ('policy', _Policy), ('gate', _Gate))}
    file = load_yaml(path, create_model('Parameters', __base__=_Loose, **sections))
    values: dict[str, Any] = {}
    for node in sections:
        section = getattr(file, node)
        if section is not None:
            values |= section.ros__parameters.model_dump()
    checked = {one.name: values.pop(one.name) for one in fields(Limits) if one.name in values}
    values['limits'] = Limits(**checked)
    if values.get('roi') == WHOLE_FRAME:
        values['roi'] = None
    return Settings(**values)
