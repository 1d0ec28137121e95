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

"""Settings of the node triage."""

from dataclasses import dataclass

from digiphys_ros.settings import NodeSettings, setting


@dataclass(frozen=True)
class TriageSettings(NodeSettings):
    """Parameters of the node triage."""

    audit_log: str = setting(
        '', 'File to which every advice and decision is appended. Empty: '
        'triage_audit.jsonl in $ROS_HOME, which is ~/.ros by default.')
    audit_key: str = setting(
        '', 'File with a key of 32 bytes or more, which is needed to write a log that '
        'verifies. Empty: no key.')
    image_transport: str = setting(
        'raw', 'Listen to Image or CompressedImage, for its sha256 in the audit log.',
        choices=('raw', 'compressed'))
    bundle: str = setting(
        '', 'The bundle that classifies, a path or a name in models/, to name in each reason '
        'the part of the image that the answer depends on. Empty: no such part.')
