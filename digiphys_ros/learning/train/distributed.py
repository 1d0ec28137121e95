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
Distributed training with TensorFlow's MultiWorkerMirroredStrategy and TF_CONFIG.

Keras 3 cannot run ``fit`` under it (keras issue 20585), so this module has its own training loop.
Each worker reads its shard of the batches of a single worker. Gradients and the statistics of
batch normalisation are summed over all, so the loss follows the same curve.
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
    Return index and number of workers, (0, 1) without TF_CONFIG.

    :param environment: environment variables; ``TF_CONFIG`` is ``{"cluster": {"worker": ["a:2222",
        "b:2222"]}, "task": {"type": "worker", "index": 0}}``.
    :raises ConfigError: when TF_CONFIG is invalid.
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
    Train on all workers; the result is in the checkpoint of the chief in ``work``.

    :param number: index of this worker; 0 is the chief.
    :param count: number of workers.
    :return: whether this is the chief.
    """
    cluster = MultiWorker(number, count)
    train_network(recipe, material_of(recipe, training, validation), prepare_of(recipe),
                  work=work, resume=resume, strategy=cluster)
    # a worker that ends early would stop the others
    cluster.broadcast(b'done')
    return cluster.chief


class MultiWorker:
    """
    All workers of TF_CONFIG; create it before any other use of TensorFlow.

    :param number: index of this worker; 0 is the chief.
    :param count: number of workers.
    :raises TrainingError: when the workers cannot connect.
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
        """Return the context of variables that all workers share."""
        scope: AbstractContextManager[Any] = self._strategy.scope()
        return scope

    def replicate(self, model: Any) -> Any:
        """Return a copy of the model on all workers, with the chief's weights."""
        import keras
        with self._explain_lost_workers(), self.scope():
            copy = keras.models.clone_model(model)
            copy.set_weights(model.get_weights())
        for layer in copy._flatten_layers(include_self=False):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True
        return copy

    def trainer(self, model: Any, optimizer: Any, loss: Any, *, xla: bool) -> Trainer:
        """Return a trainer with synchronous steps; XLA cannot compile it."""
        with self.scope():
            optimizer.build(model.trainable_variables)
        loop = DistributedTrainer(self._strategy, self._own, model, optimizer, loss)
        return _GuardedTrainer(loop, self._explain_lost_workers)

    def broadcast(self, content: bytes | None) -> bytes | None:
        """
        Return the content of the chief on every worker; all must call it.

        :param content: at least one byte: TensorFlow aborts on an empty sum.
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
        """Return the chief's values: a sum to which the others add zero."""
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
        """Convert the errors of TensorFlow for a lost worker."""
        import tensorflow as tf
        try:
            yield
        except (tf.errors.OpError, RuntimeError) as error:
            reason = str(error).split('\n')[0][:200]
            raise TrainingError(f'the workers of TF_CONFIG lost their connection ({reason}): '
                                'look at the errors of the others, and restart all with '
                                '--resume.') from error


class _GuardedTrainer:
    """A trainer that converts TensorFlow errors to one sentence."""

    def __init__(self, trainer: Trainer, guard: Callable[[], AbstractContextManager[None]]
                 ) -> None:
        self._trainer, self._guard = trainer, guard

    def epoch(self, training: Stream, validation: Stream, number: int,
              watch: Watch) -> dict[str, float]:
        """Train one epoch."""
        with self._guard():
            return self._trainer.epoch(training, validation, number, watch)
