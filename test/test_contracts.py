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

"""Texts that cross processes: an unreadable one is refused, at any truncation."""


from digiphys_ros.contracts import (
    AdviceFacts,
    Decision,
    ModelFacts,
    SimulatedEvent,
    SimulatedEvents,
)
from digiphys_ros.errors import ConfigError
import pytest

FACTS = ModelFacts(labels={'0': 'stop', '1': 'no_sign'}, use='advice', abstain_below=0.3)
EVENTS = SimulatedEvents(events=(
    SimulatedEvent(time_s=1.5, kind='sign passed', detail='stop', right=True),
    SimulatedEvent(time_s=2.0, kind='lap', detail='', right=None)))


@pytest.mark.parametrize('one', [FACTS, EVENTS, SimulatedEvents()])
def test_contract_text_round_trip_is_equal(one):
    assert type(one).read(one.text(), 'a test') == one


@pytest.mark.parametrize('one', [FACTS, EVENTS])
def test_contract_truncated_anywhere_is_refused(one):
    text = one.text()
    for end in range(len(text)):
        with pytest.raises(ConfigError, match='a test: '):
            type(one).read(text[:end], 'a test')


@pytest.mark.parametrize(('old', 'new', 'words'), [
    ('"schema_version":1', '"schema_version":2', '`schema_version`'),
    ('"schema_version":1', '"schema_version":true', '`schema_version`: .*received True'),
    ('"schema_version":1', '"schema_version":1.0', r'`schema_version`: .*received 1\.0'),
    ('"schema_version":1', '"schema_version":"1"', '`schema_version`'),
    ('"stop"', '"no_sign"', 'labels must be unique'),
    ('"stop"', '""', 'labels must be unique and not empty'),
    ('"stop"', '" "', 'labels must be unique and not empty'),
    ('"schema_version":1,', '', 'needs a JSON object with a schema_version'),
    ('"advice"', '"control "', '`use`'),
    ('"advice"', 'null', '`use`'),
    ('"use":"advice"', '"use":"advice","use":"control"', 'is not JSON'),
    ('"1":', '"7":', 'numbered'),
    ('"0":"stop",', '', 'labels'),
    ('0.3', '1.3', '`abstain_below`'),
    ('0.3', 'NaN', '`abstain_below`'),
    ('"classification"', '"detection"', '`task`'),
    ('"task"', '"tusk"', '`tusk`'),
])
def test_model_facts_changed_are_refused_with_the_field(old, new, words):
    text = FACTS.text()
    assert old in text
    with pytest.raises(ConfigError, match=words):
        ModelFacts.read(text.replace(old, new, 1), 'vision_info')


ADVICE = {'schema_version': '1', 'label': 'clear', 'score': '0.9312', 'position': '2',
          'waiting': '3', 'margin': '0.5', 'bundle': 'chest_xray', 'bundle_hash': 'ab',
          'sha256': 'cd', 'index': '7', 'hash': 'ef'}


def test_keyed_contract_round_trip_is_equal():
    facts = AdviceFacts.of(ADVICE, 'advice')
    assert facts.values() == ADVICE
    assert AdviceFacts.of(facts.values(), 'advice') == facts


@pytest.mark.parametrize('change', [
    *({name: None} for name in ADVICE),
    {'schema_version': '2'}, {'score': '1.5'}, {'score': 'nan'}, {'position': '-1'},
    {'index': 'x'}, {'more': '1'}])
def test_keyed_contract_that_lacks_or_changes_a_value_is_refused(change):
    values = {key: value for key, value in {**ADVICE, **change}.items() if value is not None}
    with pytest.raises(ConfigError, match=f'advice: value `{next(iter(change))}`'):
        AdviceFacts.of(values, 'advice')


def test_decision_ignores_extra_values_and_refuses_another_version():
    values = {'schema_version': '1', 'label': 'clear', 'reader': 'Dr. A', 'room': '4'}
    assert Decision.of(values, 'a decision').values() == {
        'schema_version': '1', 'label': 'clear', 'reader': 'Dr. A'}
    for change in ({'schema_version': '2'}, {'reader': ''}):
        with pytest.raises(ConfigError, match='a decision: value'):
            Decision.of({**values, **change}, 'a decision')
    del values['schema_version']
    with pytest.raises(ConfigError, match=r'`schema_version`: is missing.*: add it'):
        Decision.of(values, 'a decision')
