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

"""Search the ranges of a recipe for the best validation accuracy."""

from collections.abc import Mapping
import hashlib
import json
from pathlib import Path
import tempfile
from time import sleep
from typing import Any

from digiphys_ros.errors import ConfigError, TrainingError
from digiphys_ros.learning.datasets import Dataset
from digiphys_ros.learning.evaluate.plot import save_figure
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.learning.recipe_sections import TuneRange
from digiphys_ros.learning.train.log import History
from digiphys_ros.learning.train.train import material_of, prepare_of, train_network
import optuna

ATTEMPTS = 5
MADE_WITH = 'made_with'
"""Attribute of a study with the inputs of its trials."""
WARM_UP_TRIALS, WARM_UP_EPOCHS = 4, 1
"""Pruning starts after this many trials and epochs."""


def open_study(storage: str, name: str) -> optuna.Study:
    """
    Open a study, or create it.

    Trials are proposed by TPE (Bergstra et al., 2011) and pruned below the median of the others
    at the same epoch.

    :param storage: an SQLite file, or the URL of a database that several machines share.
    :raises ConfigError: when it cannot be opened.
    """
    url = storage if '://' in storage else f'sqlite:///{storage}'
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _create(url, name)
        except Exception as error:
            if attempt == ATTEMPTS:
                raise ConfigError(f'study {storage}: cannot be opened: '
                                  f'{str(error).splitlines()[0]}') from error
            # another worker may be creating the tables
            sleep(0.3 * attempt)
    raise AssertionError('not reached')


def _create(url: str, name: str) -> optuna.Study:
    return optuna.create_study(
        study_name=name, storage=url, direction='maximize', load_if_exists=True,
        # no seed: workers with equal seeds would propose equal values
        sampler=optuna.samplers.TPESampler(),
        pruner=optuna.pruners.MedianPruner(WARM_UP_TRIALS, WARM_UP_EPOCHS))


def tune(recipe: Recipe, training: Dataset, validation: Mapping[str, Dataset],
         study: optuna.Study, trials: int) -> Recipe:
    """
    Train until the study has ``trials`` finished trials; return the recipe of the best.

    The value of a trial is the best validation accuracy of its epochs. A trial with a loss that is
    not finite fails and does not count.

    :raises ConfigError: when the recipe has no ranges, the study has other inputs, or no trial
        succeeded.
    """
    if not recipe.tune:
        raise ConfigError(f'recipe {recipe.name}: field `tune` is empty: name the fields to '
                          'search, and their ranges.')
    _claim(study, _made_with(recipe, training, validation))
    ended = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    enough = optuna.study.MaxTrialsCallback(trials, ended)
    missing = trials - len(study.get_trials(deepcopy=False, states=ended))
    if missing > 0:
        study.optimize(_Objective(recipe, training, validation), callbacks=[enough],
                       n_trials=2 * missing, catch=(TrainingError,), show_progress_bar=True)
    try:
        best = study.best_params
    except ValueError as error:
        raise ConfigError('no trial finished: look at the errors above.') from error
    return recipe.replaced(best)


def _made_with(recipe: Recipe, training: Dataset, validation: Mapping[str, Dataset]
               ) -> dict[str, Any]:
    """Return the inputs that comparable trials have in common, long ones as hashes."""
    fields = recipe.model_dump(mode='json', exclude={'description', 'limits', 'epochs', 'tune'})
    held_out = next(iter(validation.values()))
    samples = sorted((key, int(label)) for part in (training, held_out)
                     for key, label in zip(part.keys, part.classes, strict=True))
    return {
        'recipe': _hash(fields), 'fields to search': ', '.join(sorted(recipe.tune)),
        'epochs': recipe.epochs,
        # only the name: the path may differ between machines
        'data': _hash([Path(training.uri).name, training.labels, samples]),
        'split': _hash(sorted(held_out.keys))}


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _claim(study: optuna.Study, made_with: dict[str, Any]) -> None:
    """Refuse a study whose trials have other inputs."""
    known = study.user_attrs.get(MADE_WITH)
    if known is None:
        study.set_user_attr(MADE_WITH, made_with)
        return
    other = [name for name, value in made_with.items() if known.get(name) != value]
    if other:
        raise ConfigError(f'study {study.study_name}: its trials were made with different '
                          f'{" and ".join(other)}, and do not compare: name another file with '
                          '--study.')


class _Objective:
    """Train one trial."""

    def __init__(self, recipe: Recipe, training: Dataset, validation: Mapping[str, Dataset]
                 ) -> None:
        self._recipe, self._training, self._validation = recipe, training, validation

    def __call__(self, trial: optuna.Trial) -> float:
        recipe = self._recipe.replaced({
            field: suggest(trial, field, span) for field, span in self._recipe.tune.items()})

        def report(history: History) -> None:
            trial.report(history[-1]['val_accuracy'], len(history))
            if trial.should_prune():
                raise optuna.TrialPruned
        material = material_of(recipe, self._training, self._validation)
        with tempfile.TemporaryDirectory() as work:
            _, history = train_network(recipe, material, prepare_of(recipe), work=Path(work),
                                       on_epoch=report)
        return max(epoch['val_accuracy'] for epoch in history)


def suggest(trial: optuna.Trial, field: str, span: TuneRange) -> Any:
    """
    Suggest a value for a field from its range.

    :raises ConfigError: when the study has other choices or types for the field.
    """
    try:
        return _suggest(trial, field, span)
    except ValueError as error:
        raise ConfigError(f'field `tune.{field}`: the study has other choices '
                          f'({error}): name another file with --study.') from error


def _suggest(trial: optuna.Trial, field: str, span: TuneRange) -> Any:
    if span.choices is not None:
        return trial.suggest_categorical(field, span.choices)
    assert span.low is not None and span.high is not None
    if isinstance(span.low, int) and isinstance(span.high, int):
        return trial.suggest_int(field, span.low, span.high, log=span.log)
    return trial.suggest_float(field, span.low, span.high, log=span.log)


def plot_study(study: optuna.Study, path: Path) -> None:
    """Plot the accuracy of each trial, and the best so far."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(9, 4), layout='constrained')
    axes = figure.subplots()
    best, so_far = 0.0, []
    for trial in study.get_trials(deepcopy=False):
        state = trial.state.name.lower()
        values = [*trial.intermediate_values.values()]
        value = trial.value if trial.value is not None else max(values, default=None)
        if value is None:
            continue
        if state == 'complete':
            best = max(best, value)
        so_far.append((trial.number, best))
        axes.scatter(trial.number, value, color='C0' if state == 'complete' else 'lightgray')
    axes.plot(*zip(*so_far, strict=True), color='C3', label='best so far')
    axes.set(xlabel='trial (gray: pruned or failed)', ylabel='validation accuracy')
    axes.legend()
    axes.grid(alpha=0.3)
    save_figure(figure, path)
