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

"""Which data trains a model and which is held out, for a user's choice and for a bundle's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
import shlex
from typing import Any

from digiphys_ros.errors import DatasetError, UsageError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.labelled import LabelledSource, split_labelled
from digiphys_ros.learning.datasets.summary import held_out as held_out_sentence, left_out
from digiphys_ros.learning.defaults import VAL_FRACTION
from digiphys_ros.renamed_fields import Renames
import numpy as np

RENAMES = Renames({'share': 'fraction'})
"""Names in the records of older bundles."""


@dataclass(frozen=True)
class HeldOut:
    """
    How images are held out.

    :ivar val_fraction: fraction of each class's groups, or ``part``: the data's own part.
    :ivar seed: of the random choice of groups.
    :ivar split: a manifest instead.
    """

    val_fraction: str = VAL_FRACTION
    seed: int = 0
    split: str | None = None

    def __post_init__(self) -> None:
        if self.split is not None and self.val_fraction == 'part':
            raise UsageError('--split and --val-fraction part both choose what is held out: '
                             'give one of them.')

    @property
    def record(self) -> dict[str, Any]:
        """Return what a bundle keeps, so that the same images are held out again."""
        if self.split is not None:
            return {'split': Path(self.split).name}
        if self.val_fraction == 'part':
            return {'part': 'val'}
        return {'fraction': float(self.val_fraction), 'seed': self.seed}


@dataclass(frozen=True)
class Parted:
    """
    Two sides of labelled data that share no group.

    :ivar name: of the held-out side, in a model card.
    :ivar told: how it was held out, for people.
    :ivar notes: what was left out and what is held out, one sentence each, for people.
    """

    training: Dataset
    validation: Dataset
    name: str
    told: str
    notes: tuple[str, ...] = ()


def open_parted(source: LabelledSource, held_out: HeldOut) -> Parted:
    """
    Return both sides of labelled data, without its test part: that is for the last measurement.

    :raises UsageError: when there is no such file, or the fraction is not one.
    :raises DatasetError: when it is no data set, or nothing is left on one side.
    """
    if held_out.val_fraction == 'part':
        return _noted(Parted(source.open('train'), source.open('val'), 'validation part',
                             "the data's own validation part held out"))
    data = source.open()
    usable, note = _without_test(data)
    if held_out.split is None:
        # groups are drawn among what may be used, so that the fraction is of these
        rest = data.take(usable)
        split = split_labelled(rest, None, held_out.val_fraction, held_out.seed)
        sides = rest.take(split.train), rest.take(split.validation)
    else:
        # a manifest lists all of the data
        split = split_labelled(data, held_out.split, 0, 0)
        sides = (data.take(np.intersect1d(split.train, usable)),
                 data.take(np.intersect1d(split.validation, usable)))
    return _noted(Parted(*sides, 'held-out groups', _told(held_out, bool(note))), note)


def _noted(parted: Parted, *notes: str) -> Parted:
    """Add the sentences on what was left out, and what is held out and why."""
    sentences = (*notes, left_out_note(parted.training),
                 held_out_sentence(parted.validation, parted.training, parted.told))
    return replace(parted, notes=tuple(one for one in sentences if one))


def left_out_note(data: Dataset) -> str:
    """Return which files, and which parts of a bag, hold none of the samples; '' for none."""
    return f'left out: {left_out(data)}' if data.skipped else ''


def _told(held_out: HeldOut, has_test: bool) -> str:
    how = f'held out as {Path(held_out.split).name} says' if held_out.split else \
        f'{float(held_out.val_fraction):.0%} of each class held out, whole groups'
    return how + (', the test part left out' if has_test else '')


def _without_test(data: Dataset) -> tuple[Any, str]:
    """Return the indices of what may be trained on, and a note on the rest."""
    if data.parts is None:
        return np.arange(len(data)), ''
    usable = np.flatnonzero(data.parts != 'test')
    if not len(usable):
        raise DatasetError(f'{data.uri}: holds a test part alone, and that is for digiphys '
                           'evaluate: name data to train on.')
    if len(usable) == len(data):
        return usable, ''
    return usable, (f'{len(data) - len(usable)} samples of the test part are left out: they are '
                    'for digiphys evaluate --part test')


def held_out_in(provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a bundle keeps of how its training held images out, empty where it does not."""
    record = provenance.get('validation')
    if isinstance(record, dict):
        return dict(RENAMES.upgrade(record, warn=False))
    # older bundles keep it only in their command
    words = shlex.split(str(provenance.get('command', '')))
    if words[:2] != ['digiphys', 'train']:
        return {}
    given = dict(pairwise(words))
    seed = given.get('--seed', provenance.get('recipe', {}).get('seed', 0))
    return HeldOut(given.get('--validation', VAL_FRACTION), int(seed), given.get('--split')).record


def as_trained(record: Mapping[str, Any], *, val_fraction: str | None = None,
               seed: int | None = None, split: str | None = None) -> tuple[HeldOut, str]:
    """
    Return how to hold out, as a user says and where they say nothing as training did.

    :param record: what ``held_out_in`` returns.
    :param val_fraction: a fraction, or ``part``; None where the user gives none.
    :return: and a warning where training held out otherwise, else ''.
    :raises UsageError: when training held out by a manifest, which has to be given again.
    """
    if val_fraction is None and split is None and 'split' in record:
        raise UsageError(f'the bundle was trained with --split {record["split"]}: give that file '
                         'again, or --val-fraction FRACTION.')
    trained = 'part' if 'part' in record else str(record.get('fraction', VAL_FRACTION))
    held_out = HeldOut(val_fraction or (VAL_FRACTION if split else trained),
                       int(record.get('seed', 0) if seed is None else seed), split)
    return held_out, _warning(record, held_out)


def _warning(record: Mapping[str, Any], held_out: HeldOut) -> str:
    try:
        own = held_out.record
    except ValueError:
        # no number, which opening the data reports better
        return ''
    if not record or own == record:
        return ''
    return (f'held out here: {_words(own)}; in training: {_words(record)}: some of these images '
            'may have been trained on')


def _words(record: Mapping[str, Any]) -> str:
    return ', '.join(f'{name} {value}' for name, value in record.items())
