"""A design's registers and streams in software, as the register map says; its answers are the golden model's."""

from collections import deque

import numpy as np

from tospike.gen.driver.interface import Interface
from tospike.gen.emit.beats import answer_beats, input_beats, output_words
from tospike.hw.host.layout import Register, counter_names
from tospike.hw.host.register_map import (
    CONTROL,
    ERRORS,
    INTERRUPT_ENABLE,
    INTERRUPT_STATUS,
    STATUS,
    Access,
)
from tospike.sim import accelerator as golden


class BusError(Exception):
    """SLVERR."""


class RegisterModel:
    """Knows the answers to ``samples`` of a design; any other sample sets frame_error and is answered with zeros."""

    def __init__(self, interface: Interface, design, samples, *, takes=lambda: True):
        self._registers = {register.offset: register for register in interface.registers}
        self._values = {register.offset: register.reset for register in interface.registers}
        self._takes = takes
        params = interface.params
        result = golden.run(design, samples)
        names = counter_names(params)
        counters = {**result.counters, "cycles": result.cycles}
        self._known = {
            tuple(beat.data for beat in input_beats(params, sample)): (
                [word & 0xFFFF_FFFF for word in answer_beats(params, output_words(params, result, index))],
                np.array([int(counters[name][index]) for name in names]),
            )
            for index, sample in enumerate(samples)
        }
        self._unknown = ([0] * max(1, params.output_words), np.zeros(len(names), dtype=int))
        self._counters = np.zeros(len(names), dtype=int)
        self._beats, self._answer = [], deque()
        self.config = []
        """(CONFIG_ADDRESS, CONFIG_DATA) of each write."""

    def read(self, offset):
        register = self._registers.get(offset)
        if register is None or not register.access.reads:
            raise BusError
        if register.is_counter:
            return int(self._counters[(offset - Register.COUNTER) // 4]) & 0xFFFF_FFFF
        busy = STATUS.field("busy").mask if self._beats or self._answer else 0
        return self._values[offset] | (busy if register == STATUS else 0)

    def write(self, offset, data):
        register = self._registers.get(offset)
        if register is None or not register.access.writes:
            raise BusError
        if register == CONTROL:
            if data & CONTROL.field("clear_counters").mask:
                self._counters[:] = 0
            if data & CONTROL.field("clear_errors").mask:
                self._values[STATUS.offset] = 0
        elif register.access is Access.CLEAR:
            self._values[offset] &= ~data
        elif register.access is Access.READ_WRITE:
            self._values[offset] = data & sum(field.mask for field in register.fields)
        elif offset == Register.CONFIG_ADDRESS:
            self._values[offset] = data
        else:
            self.config.append((self._values[Register.CONFIG_ADDRESS], data))
            self._values[Register.CONFIG_ADDRESS] += 1

    def send(self, data, last):
        """Whether the beat was taken."""
        if not self._takes():
            return False
        self._beats.append(data)
        if last:
            known = tuple(self._beats) in self._known
            answer, counters = self._known.get(tuple(self._beats), self._unknown)
            if not known:
                self.flag(ERRORS[0])
            self._answer.extend((word, number == len(answer) - 1) for number, word in enumerate(answer))
            self._counters += counters
            self._beats.clear()
        return True

    def receive(self):
        """The next beat of an answer as (data, last); None if there is none."""
        if not self._answer:
            return None
        data, last = self._answer.popleft()
        if last:
            self._values[INTERRUPT_STATUS.offset] |= INTERRUPT_STATUS.field("done").mask
        return data, last

    def flag(self, error):
        """Set an error flag, as invalid input does."""
        self._values[STATUS.offset] |= error.mask
        self._values[INTERRUPT_STATUS.offset] |= INTERRUPT_STATUS.field("error").mask

    @property
    def irq(self):
        return bool(self._values[INTERRUPT_ENABLE.offset] & self._values[INTERRUPT_STATUS.offset])
