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

"""The model in use: load a bundle, check it, warm it up, swap it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from digiphys_ros.bundles import Bundle, load_bundle
from digiphys_ros.bundles.preprocess_spec import Roi
from digiphys_ros.errors import DigiphysError
from digiphys_ros.perception import check_golden, Classifier, create_engine, Engine, warm_up
from digiphys_ros.resources import find_resource
from digiphys_ros.settings import TOP_K


@dataclass(frozen=True)
class Model:
    """
    A bundle and an engine that has reproduced its golden logits.

    :ivar why: one line with the reason for this engine.
    """

    bundle: Bundle
    engine: Engine
    why: str = ''

    def __str__(self) -> str:
        return f'{self.bundle.manifest.name} {self.bundle.hash[:12]}: {self.why}'


def load_model(bundle: str | Path | Bundle, engine: str = 'auto', *, threads: int = 0,
               xla: bool = False, mixed_precision: bool = False, batch: int = 1) -> Model:
    """
    Load a bundle, create its engine, check the golden frames and warm the engine up.

    Example::

        model = load_model('traffic_signs')
        model.engine.infer(tensor)

    :param bundle: a path, a name in models/, or a loaded bundle.
    :param engine: ``auto``, or the name of an engine; see ``create_engine`` for other options.
    :param batch: the largest batch that the model will get.
    :raises ConfigError: when the bundle does not exist.
    :raises BundleError: when the bundle is incomplete or was changed.
    :raises EngineError: when no engine can run it here.
    """
    if not isinstance(bundle, Bundle):
        bundle = load_bundle(find_resource(str(bundle), 'models'))
    made, why = create_engine(bundle, engine, threads=threads, xla=xla,
                              mixed_precision=mixed_precision)
    check_golden(bundle, made)
    warm_up(made, batch)
    return Model(bundle, made, why)


class ModelSlot:
    """
    Hold the classifier in use; prepare another model meanwhile, then swap it in.

    A model that cannot be loaded leaves the classifier unchanged. ``prepare`` may run on another
    thread than ``swap``.

    Example::

        slot = ModelSlot(load_model)
        slot.swap('traffic_signs')
        slot.prepare('my_signs')     # takes seconds; slot.classifier stays in use
        slot.swap('my_signs')        # immediate

    :param load: returns the model of a bundle, or raises a DigiphysError.
    :ivar classifier: None before the first ``swap``.
    """

    def __init__(self, load: Callable[[str], Model]) -> None:
        self._load = load
        self._prepared: tuple[str, Model | DigiphysError] | None = None
        self._model: Model | None = None
        self.classifier: Classifier | None = None

    def prepare(self, bundle: str) -> None:
        """Load a model; ``swap`` raises its error."""
        try:
            self._prepared = bundle, self._load(bundle)
        except DigiphysError as error:
            self._prepared = bundle, error

    def swap(self, bundle: str | None = None, *, roi: Roi | None = None, top_k: int = TOP_K
             ) -> Classifier:
        """
        Use a model, or the same one with another region or number of classes.

        :param bundle: as in ``prepare``; loaded now unless it was prepared. None: the same model.
        :raises DigiphysError: for a model that cannot be used; the previous one stays in use.
        """
        model = self._model if bundle is None else self._take(bundle)
        if model is None:
            raise ValueError('no model is in use: name a bundle')
        classifier = Classifier(model.bundle, model.engine, roi=roi, top_k=top_k)
        self._model, self.classifier = model, classifier
        return classifier

    def clear(self) -> None:
        """Free the models."""
        self.classifier = self._model = self._prepared = None

    def _take(self, bundle: str) -> Model:
        prepared, self._prepared = self._prepared, None
        if prepared is None or prepared[0] != bundle:
            return self._load(bundle)
        if isinstance(prepared[1], DigiphysError):
            raise prepared[1]
        return prepared[1]
