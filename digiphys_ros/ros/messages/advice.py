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

"""Convert between messages and advice, whose message type no actuator accepts."""

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from digiphys_ros.advice import Advice, case_id, Model
from digiphys_ros.contracts import AdviceFacts, Decision
from digiphys_ros.errors import AdviceError, ConfigError
from digiphys_ros.ros.messages.images import model_facts
from std_msgs.msg import Header
from vision_msgs.msg import VisionInfo


def case_of(header: Header) -> str:
    """Return the case name of the image with this header."""
    return case_id(header.frame_id, header.stamp.sec, header.stamp.nanosec)


def advice_message(advice: Advice, header: Header) -> DiagnosticArray:
    """
    Return an advice under the source image's header.

    The message is for people: no actuator, policy or gate accepts this type.
    """
    facts = AdviceFacts(
        label=advice.label or '', score=round(advice.score, 4), position=advice.position,
        waiting=advice.waiting, **{key: advice.entry[key] for key in (
            'margin', 'bundle', 'bundle_hash', 'sha256', 'index', 'hash')})
    return DiagnosticArray(header=header, status=[DiagnosticStatus(
        level=DiagnosticStatus.OK if advice.label else DiagnosticStatus.WARN, name=advice.case,
        message=advice.reason,
        values=[KeyValue(key=key, value=value) for key, value in facts.values().items()])])


def model_of(message: VisionInfo) -> tuple[Model, str]:
    """Return the model of a vision_info, and why its facts cannot be read, else ''."""
    name, _, content_hash = message.method.partition('@')
    try:
        return Model(name, content_hash, model_facts(message).abstain_below), ''
    except ConfigError as error:
        # advice is still given: a person decides
        return Model(name, content_hash), str(error)


def decision_of(message: DiagnosticArray) -> tuple[str, str, str]:
    """
    Return class, reader and note of a person's decision on the image with the same header.

    :raises AdviceError: unless it has one status with the values ``schema_version`` 1, ``label``
        and ``reader``.
    """
    values = {item.key: item.value for status in message.status for item in status.values}
    if len(message.status) != 1 or not {'label', 'reader'} <= set(values):
        raise AdviceError('a decision needs one status with the values label and reader, received '
                          f'{len(message.status)} with {", ".join(values) or "none"}.')
    try:
        decision = Decision.of(values, 'a decision')
    except ConfigError as error:
        raise AdviceError(str(error)) from error
    return decision.label, decision.reader, message.status[0].message
