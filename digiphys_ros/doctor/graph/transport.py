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

"""The image transport of a running robot: active profiles and image sizes."""

from digiphys_ros.doctor.chain import Chain

PROFILE = 'transport_profile'


def sender_profiles(chain: Chain) -> dict[str, str]:
    """
    Return the Fast DDS profile of each node that sends images: a path or ``none``.

    It is empty for a node that does not report it, such as a driver. If no sender reports it, the
    profile of the classifier is included.
    """
    found = {name: chain.reports[name].values.get(PROFILE, '') if name in chain.reports else ''
             for name in chain.images[1]}
    classifier = chain.report('classifier')
    if not any(found.values()) and classifier and PROFILE in classifier.values:
        found[classifier.name] = classifier.values[PROFILE]
    return found


def image_bytes(chain: Chain) -> int:
    """Return the size of the largest recent image of the classifier, 0 without images."""
    classifier = chain.report('classifier')
    return max((classifier.count(key) for key in classifier.values
                if key.rpartition('.')[2] == 'image_bytes'), default=0) if classifier else 0
