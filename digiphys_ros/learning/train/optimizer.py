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

"""Losses, optimizers and learning rates of a recipe."""

from typing import Any

from digiphys_ros.learning.recipe_sections import LossSpec, OptimizerSpec, ScheduleSpec


def make_loss(spec: LossSpec) -> Any:
    """
    Return a Keras loss of one-hot targets (N, classes) and logits (N, classes).

    The article's loss lacks ``from_logits=True``; here every loss has it.
    """
    import keras
    if spec.name == 'crossentropy':
        return keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=spec.label_smoothing)
    if spec.name == 'binary_crossentropy':
        return keras.losses.BinaryCrossentropy(
            from_logits=True, label_smoothing=spec.label_smoothing)
    return _sigmoid_mse(spec.label_smoothing)


def _sigmoid_mse(smoothing: float) -> Any:
    import keras

    def mean_squared_error(targets: Any, logits: Any) -> Any:
        classes = keras.ops.shape(targets)[-1]
        smooth = targets * (1 - smoothing) + smoothing / keras.ops.cast(classes, targets.dtype)
        return keras.ops.mean(keras.ops.square(keras.ops.sigmoid(logits) - smooth), axis=-1)
    return mean_squared_error


def learning_rate_at(step: float, peak: float, steps: int, warmup_steps: int, name: str) -> Any:
    """
    Return the learning rate of a step: linear warm-up to ``peak``, then constant or a cosine.

    :param step: 0 to ``steps``; a number or a Keras tensor.
    :param name: ``constant``, or ``cosine``: half a cosine down to zero (Loshchilov & Hutter,
        2017).
    """
    from keras import ops
    step = ops.cast(step, 'float32')
    rising = (step + 1) / max(warmup_steps, 1)
    fraction = (step - warmup_steps) / max(steps - warmup_steps, 1)
    falling = (1 + ops.cos(3.14159265 * ops.clip(fraction, 0, 1))) / 2 if name == 'cosine' \
        else ops.ones_like(fraction)
    return peak * ops.where(step < warmup_steps, rising, falling)


def make_optimizer(spec: OptimizerSpec, schedule: ScheduleSpec, *, learning_rate: float,
                   epochs: int, steps_per_epoch: int, scale_loss: bool = False) -> Any:
    """
    Return the Keras optimizer.

    :param learning_rate: highest rate of the schedule.
    :param epochs: number of epochs of the schedule.
    :param scale_loss: for float16, whose small gradients would underflow.
    """
    import keras
    plain = _plain(spec, schedule, learning_rate, epochs * steps_per_epoch,
                   round(schedule.warmup_epochs * steps_per_epoch))
    return keras.optimizers.LossScaleOptimizer(plain) if scale_loss else plain


def _plain(spec: OptimizerSpec, schedule: ScheduleSpec, learning_rate: float, steps: int,
           warmup: int) -> Any:
    import keras
    rate: Any = learning_rate
    if schedule.name != 'constant' or warmup:
        class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]

            def __call__(self, step: Any) -> Any:
                return learning_rate_at(step, learning_rate, steps, warmup, schedule.name)

            def get_config(self) -> dict[str, Any]:
                return {}
        rate = Schedule()
    decay = spec.weight_decay or None
    if spec.name == 'adam':
        return keras.optimizers.Adam(rate)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=decay) if spec.name == 'adamw' else \
        keras.optimizers.SGD(rate, momentum=spec.momentum, nesterov=spec.nesterov,
                             weight_decay=decay)
    # no weight decay for biases and scales
    optimizer.exclude_from_weight_decay(var_names=['bias', 'gamma', 'beta'])
    return optimizer
