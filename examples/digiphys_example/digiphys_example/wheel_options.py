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

"""The section ``options`` of the rules file for ``wheel_speeds``."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Metres = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class WheelOptions(BaseModel):
    """
    Dimensions of a differential-drive base.

    :ivar radius_m: radius of a wheel.
    :ivar track_m: distance between the wheels.
    """

    model_config = ConfigDict(extra='forbid')

    radius_m: Metres
    track_m: Metres
