"""Recordings of event sensors as samples of spikes."""

import numpy as np

from tospike.gen.data.data_set import DataSet, calibration_part, untrained
from tospike.gen.data.hold_out import hold_out
from tospike.gen.data.recordings.binning import Recordings, bin_recordings
from tospike.gen.data.recordings.event_set import EventSet
from tospike.gen.data.request import Request
from tospike.hw.params import require


def binned(events: EventSet, how: Request) -> DataSet:
    """Return the data set of recordings, divided into steps.

    Raises
    ------
    InputError
        The steps are not given, there would be too many values, or ``how`` asks for a test part where there is one.
    """
    time_bin_us, steps = how.bins

    def trains(recordings: Recordings) -> np.ndarray:
        return bin_recordings(recordings, time_bin_us=time_bin_us, steps=steps)

    labels = np.zeros(len(events.test), np.int64) if events.labels is None else events.labels
    test, warnings = (trains(events.test), labels), list(events.notes)
    if events.train is not None and events.train_labels is not None:
        require(how.every is None, f"{how.path} has a training part of its own: leave --hold-out out")
        train, split = (trains(events.train), events.train_labels), "the source states the test and the training part"
    elif how.every is not None:
        test, train = hold_out(*test, how.every, how.fold)
        split = (
            f"recording i is test when i % {how.every} == {(how.fold or how.every) - 1} ({len(test[0])}), else "
            f"training ({len(train[0])})"
        )
    else:
        train = calibration_part(*test)
        split = f"all {len(test[0])} recordings are test; calibration on the first {len(train[0])} of them"
        if events.labels is not None:
            warnings.append(untrained(how.path, len(train[0]), "give --hold-out"))
    if events.labels is None:
        split = f"windows of a recording without labels, {steps * time_bin_us:,} us each; {split}"
    classes = f"; classes {', '.join(events.classes)}" if events.classes else ""
    return DataSet(
        name=events.name,
        split=f"{split}{classes}; 1 where a pixel had events in a step",
        x=test[0],
        y=test[1],
        train_x=train[0],
        train_y=train[1],
        is_labelled=events.labels is not None,
        time_bin_us=time_bin_us,
        warnings=tuple(warnings),
    )
