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

"""Split data into training and held-out parts, by options or as in an earlier training."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
import shlex
from typing import Any

from digiphys_ros.errors import DatasetError, UsageError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.labeled import LabeledSource, split_labeled
from digiphys_ros.learning.datasets.summary import held_out as held_out_sentence, left_out
from digiphys_ros.learning.defaults import VAL_FRACTION
from digiphys_ros.renamed import Renames
import numpy as np

RENAMES = Renames({'share': 'fraction'})
"""Names in the records of older bundles."""


@dataclass(frozen=True)
class HeldOut:
    """
    The rule of a validation split.

    :ivar val_fraction: fraction of each class's groups, or ``part``: the data's own part.
    :ivar seed: of the random choice of groups.
    :ivar split: a manifest of a split instead.
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
        """Return the record for a bundle, to hold out the same images again."""
        if self.split is not None:
            return {'split': Path(self.split).name}
        if self.val_fraction == 'part':
            return {'part': 'val'}
        return {'fraction': float(self.val_fraction), 'seed': self.seed}


@dataclass(frozen=True)
class Parted:
    """
    The two sides of labeled data, without a common group.

    :ivar name: name of the held-out side, in a model card.
    :ivar rule: rule of the split, as text.
    :ivar notes: one sentence each on skipped and held-out data.
    """

    training: Dataset
    validation: Dataset
    name: str
    rule: str
    notes: tuple[str, ...] = ()


def open_parted(source: LabeledSource, held_out: HeldOut) -> Parted:
    """
    Return both sides of labeled data, without its test part.

    :raises UsageError: when there is no such file, or the fraction is not one.
    :raises DatasetError: when it is not a data set, or one side is empty.
    """
    if held_out.val_fraction == 'part':
        return _noted(Parted(source.open('train'), source.open('val'), 'validation part',
                             "the data's own validation part held out"))
    data = source.open()
    usable, note = _without_test(data)
    if held_out.split is None:
        # the fraction is of the usable samples
        rest = data.take(usable)
        split = split_labeled(rest, None, held_out.val_fraction, held_out.seed)
        sides = rest.take(split.train), rest.take(split.validation)
    else:
        # a manifest lists all samples
        split = split_labeled(data, held_out.split, 0, 0)
        sides = (data.take(np.intersect1d(split.train, usable)),
                 data.take(np.intersect1d(split.validation, usable)))
    return _noted(Parted(*sides, 'held-out groups', _rule(held_out, bool(note))), note)


def _noted(parted: Parted, *notes: str) -> Parted:
    """Add the sentences on skipped and held-out data."""
    sentences = (*notes, left_out_note(parted.training),
                 held_out_sentence(parted.validation, parted.training, parted.rule))
    return replace(parted, notes=tuple(one for one in sentences if one))


def left_out_note(data: Dataset) -> str:
    """Return the files and parts of a bag without samples, as a sentence; '' for none."""
    return f'left out: {left_out(data)}' if data.skipped else ''


def _rule(held_out: HeldOut, has_test: bool) -> str:
    how = f'held out as {Path(held_out.split).name} says' if held_out.split else \
        f'{float(held_out.val_fraction):.0%} of each class held out, whole groups'
    return how + (', the test part left out' if has_test else '')


def _without_test(data: Dataset) -> tuple[Any, str]:
    """Return the indices of all samples outside the test part, and a note on the rest."""
    if data.parts is None:
        return np.arange(len(data)), ''
    usable = np.flatnonzero(data.parts != 'test')
    if not len(usable):
        raise DatasetError(f'{data.uri}: has only a test part, which is for digiphys '
                           'evaluate: name data to train on.')
    if len(usable) == len(data):
        return usable, ''
    return usable, (f'{len(data) - len(usable)} samples of the test part are left out: they are '
                    'for digiphys evaluate --part test')


def held_out_in(provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a bundle's record of its validation split, empty without one."""
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
    Return the rule of a split: as in training, unless the user gives options.

    :param record: result of ``held_out_in``.
    :param val_fraction: a fraction, or ``part``; None where the user gives none.
    :return: the rule, and a warning if it differs from training, else ''.
    :raises UsageError: when training used a manifest, which must be given again.
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
        # not a number; opening the data reports it better
        return ''
    if not record or own == record:
        return ''
    return (f'held out here: {_words(own)}; in training: {_words(record)}: some of these images '
            'may have been trained on')


def _words(record: Mapping[str, Any]) -> str:
    return ', '.join(f'{name} {value}' for name, value in record.items())
