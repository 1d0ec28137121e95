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

"""Training loop of several workers."""

from collections.abc import Sequence
from typing import Any

from digiphys_ros.learning.datasets.stream import Stream
from digiphys_ros.learning.train.progress import Watch
import numpy as np
from numpy.typing import NDArray


class DistributedTrainer:
    """
    Train and validate as Keras' fit does, each replica on its shard of a batch.

    :param strategy: TensorFlow strategy in whose scope model and optimizer were created.
    :param own: indices of the replicas of this worker.
    """

    def __init__(self, strategy: Any, own: Sequence[int], model: Any, optimizer: Any, loss: Any
                 ) -> None:
        import tensorflow as tf
        self._strategy, self._own = strategy, own
        self._model, self._optimizer = model, optimizer
        # a Keras loss would average over the samples of this replica only
        self._loss = getattr(loss, 'call', loss)
        self._train = tf.function(self._on_all(self._training_step), reduce_retracing=True)
        self._validate = tf.function(self._on_all(self._validation_step), reduce_retracing=True)

    def epoch(self, training: Stream, validation: Stream, number: int,
              watch: Watch) -> dict[str, float]:
        """Train one epoch; return its metrics, equal on all workers."""
        sums = np.zeros(3)
        for batch in self._batches(training, number):
            step = self._run(self._train, batch)
            sums += step
            watch.after_step(float(step[0] / step[2]))
        held_out = np.sum([self._run(self._validate, batch)
                           for batch in self._batches(validation, 0)], axis=0)
        return {'accuracy': float(sums[1] / sums[2]), 'loss': float(sums[0] / sums[2]),
                'val_accuracy': float(held_out[1] / held_out[2]),
                'val_loss': float(held_out[0] / held_out[2])}

    def _batches(self, stream: Stream, number: int) -> Any:
        """Yield the shards of a batch for the replicas of this worker."""
        replicas = self._strategy.num_replicas_in_sync
        return zip(*[stream.epoch(number, (one, replicas)) for one in self._own], strict=True)

    def _run(self, function: Any, batch: Any) -> NDArray[Any]:
        """Return sum of losses, number of right answers, and samples, over all replicas."""
        def shard(context: Any) -> Any:
            return batch[self._own.index(context.replica_id_in_sync_group)]
        replicate = self._strategy.experimental_distribute_values_from_function(shard)
        totals = self._strategy.experimental_local_results(function(replicate))[0]
        values: NDArray[Any] = totals.numpy()
        return values

    def _on_all(self, step: Any) -> Any:
        return lambda batch: self._strategy.run(step, args=batch)

    def _training_step(self, tensors: Any, targets: Any, weights: Any) -> Any:
        import tensorflow as tf
        count = _total(_count(weights))
        with tf.GradientTape() as tape:
            logits = self._model(tensors, training=True)
            losses = tf.reduce_sum(weights * self._loss(targets, logits))
            scaled = self._optimizer.scale_loss(losses / count)
        variables = self._model.trainable_variables
        self._optimizer.apply_gradients(zip(tape.gradient(scaled, variables), variables,
                                            strict=True))
        return _total(tf.stack([losses, _right(targets, logits, weights), _count(weights)]))

    def _validation_step(self, tensors: Any, targets: Any, weights: Any) -> Any:
        import tensorflow as tf
        logits = self._model(tensors, training=False)
        losses = tf.reduce_sum(weights * self._loss(targets, logits))
        return _total(tf.stack([losses, _right(targets, logits, weights), _count(weights)]))


def _count(weights: Any) -> Any:
    """Count the samples; one that only fills an empty shard has weight 0."""
    import tensorflow as tf
    return tf.reduce_sum(tf.cast(weights > 0, tf.float32))


def _right(targets: Any, logits: Any, weights: Any) -> Any:
    import tensorflow as tf
    right = tf.equal(tf.argmax(targets, -1), tf.argmax(logits, -1))
    return tf.reduce_sum(tf.cast(right & (weights > 0), tf.float32))


def _total(values: Any) -> Any:
    import tensorflow as tf
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)
