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

"""
One training on several machines: TensorFlow's MultiWorkerMirroredStrategy, by TF_CONFIG.

Keras 3 cannot run ``fit`` under it (keras issue 20585), so the steps are taken here. Each machine
reads its share of the very batches that one machine would read, gradients and the statistics of
batch normalisation are summed over all, and the loss follows the same curve.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from digiphys_ros.errors import ConfigError, TrainingError
from digiphys_ros.learning.datasets import Dataset
from digiphys_ros.learning.datasets.stream import Stream
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.learning.train.distributed_trainer import DistributedTrainer
from digiphys_ros.learning.train.progress import Watch
from digiphys_ros.learning.train.strategy import Trainer
from digiphys_ros.learning.train.train import material_of, prepare_of, train_network
import numpy as np
from pydantic import BaseModel, Field, ValidationError

Job = Literal['chief', 'worker']


class _Task(BaseModel):
    type: Job
    index: Annotated[int, Field(ge=0)]


class _TfConfig(BaseModel):
    """The JSON object in TF_CONFIG."""

    cluster: dict[Job, Annotated[list[str], Field(min_length=1)]]
    task: _Task

    @property
    def workers(self) -> list[tuple[Job, int]]:
        jobs: tuple[Job, ...] = ('chief', 'worker')
        return [(job, index) for job in jobs for index in range(len(self.cluster.get(job, ())))]


def worker_of(environment: Mapping[str, str]) -> tuple[int, int]:
    """
    Return the number of this machine and how many there are, (0, 1) without TF_CONFIG.

    :param environment: of the process; ``TF_CONFIG`` is
        ``{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}``.
    :raises ConfigError: when TF_CONFIG is anything else.
    """
    text = environment.get('TF_CONFIG', '')
    if not text:
        return 0, 1
    try:
        config = _TfConfig.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f'TF_CONFIG: field `{".".join(map(str, first["loc"]))}`: '
                          f'{first["msg"]}, received {first["input"]!r}.') from error
    workers = config.workers
    if (config.task.type, config.task.index) not in workers:
        raise ConfigError(f'TF_CONFIG: field `task`: the cluster has no {config.task.type} '
                          f'{config.task.index}.')
    return workers.index((config.task.type, config.task.index)), len(workers)


def train_distributed(recipe: Recipe, training: Dataset, validation: Mapping[str, Dataset], *,
                      work: Path, resume: bool, number: int, count: int) -> bool:
    """
    Train on all machines; the checkpoint that the chief has in ``work`` then holds the result.

    :param number: of this machine; 0 is the chief.
    :param count: how many machines there are.
    :return: whether this is the chief.
    """
    cluster = MultiWorker(number, count)
    train_network(recipe, material_of(recipe, training, validation), prepare_of(recipe),
                  work=work, resume=resume, strategy=cluster)
    # one that ends early would end the others
    cluster.broadcast(b'done')
    return cluster.chief


class MultiWorker:
    """
    The machines of TF_CONFIG; made before TensorFlow is used for anything else.

    :param number: of this machine; 0 is the chief.
    :param count: how many machines there are.
    :raises TrainingError: when they do not come together.
    """

    def __init__(self, number: int, count: int) -> None:
        import tensorflow as tf
        self.chief = number == 0
        with self._explain_lost_workers():
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        self._replicas = self._strategy.num_replicas_in_sync
        mine = self._replicas // count
        self._own = range(number * mine, (number + 1) * mine)
        self._total = tf.function(self._sum_of_all)

    def scope(self) -> AbstractContextManager[Any]:
        """Return the context whose variables are the same on all machines."""
        scope: AbstractContextManager[Any] = self._strategy.scope()
        return scope

    def replicate(self, model: Any) -> Any:
        """Return a copy of the model on all machines, with the chief's weights."""
        import keras
        with self._explain_lost_workers(), self.scope():
            copy = keras.models.clone_model(model)
            copy.set_weights(model.get_weights())
        for layer in copy._flatten_layers(include_self=False):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True
        return copy

    def trainer(self, model: Any, optimizer: Any, loss: Any, *, xla: bool) -> Trainer:
        """Return a loop over steps that all machines take together; XLA cannot compile it."""
        with self.scope():
            optimizer.build(model.trainable_variables)
        loop = DistributedTrainer(self._strategy, self._own, model, optimizer, loss)
        return _GuardedTrainer(loop, self._explain_lost_workers)

    def broadcast(self, content: bytes | None) -> bytes | None:
        """
        Return what the chief gives, on every machine; all must ask at the same time.

        :param content: at least one byte: TensorFlow ends a process that sums nothing.
        """
        given = content if self.chief else None
        size = int(self._sum(np.array([-1 if given is None else len(given)], np.int64))[0])
        if size < 0:
            return None
        words = np.zeros(-(-size // 4), np.int32)
        if given is not None:
            words.view(np.uint8)[:size] = np.frombuffer(given, np.uint8)
        return bytes(self._sum(words).view(np.uint8)[:size])

    def _sum(self, values: Any) -> Any:
        """Return the chief's values: the sum over all, where the others give none."""
        with self._explain_lost_workers():
            return self._strategy.experimental_local_results(self._total(values))[0].numpy()

    def _sum_of_all(self, values: Any) -> Any:
        import tensorflow as tf

        def own(values: Any) -> Any:
            context = tf.distribute.get_replica_context()
            is_first = tf.cast(tf.equal(context.replica_id_in_sync_group, 0), values.dtype)
            return context.all_reduce(tf.distribute.ReduceOp.SUM, values * is_first)
        return self._strategy.run(own, args=(values,))

    @contextmanager
    def _explain_lost_workers(self) -> Iterator[None]:
        """Tell what TensorFlow reports when another machine is gone."""
        import tensorflow as tf
        try:
            yield
        except (tf.errors.OpError, RuntimeError) as error:
            reason = str(error).split('\n')[0][:200]
            raise TrainingError(f'the machines of TF_CONFIG are no longer together ({reason}): '
                                'see what the others said, and start all of them again with '
                                '--resume.') from error


class _GuardedTrainer:
    """A trainer whose TensorFlow errors become one sentence."""

    def __init__(self, trainer: Trainer, together: Callable[[], AbstractContextManager[None]]
                 ) -> None:
        self._trainer, self._explain_lost_workers = trainer, together

    def epoch(self, training: Stream, validation: Stream, number: int,
              watch: Watch) -> dict[str, float]:
        """Train one epoch."""
        with self._explain_lost_workers():
            return self._trainer.epoch(training, validation, number, watch)
