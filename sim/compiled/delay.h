// The delay engine: `tospike.sim.encoders.delay_timing`.
#pragma once
#include "link.h"

// tospike.sim.encoders.delay_timing.DelayLink
struct Delay : Link {
    int64_t inputs, taken_to_read, dropping;
    Flags sent;
    int64_t sample;
    Link &downstream;
    Cycle ready = 0, last_read = -1, last_sent = -1;
    int64_t step = 0;

    Delay(int64_t inputs, int64_t taken_to_read, int64_t dropping, const Flags &sent, int64_t sample, Link &downstream)
        : inputs(inputs), taken_to_read(taken_to_read), dropping(dropping), sent(sent), sample(sample),
          downstream(downstream) {}

    Cycle take_values(Cycle offer, int64_t count, int64_t) override {
        Cycle last = max(offer, ready) + count - 1;
        if (count) ready = last + 1;
        return last;
    }

    Cycle take_tick(Cycle offer) override {
        Cycle taken = max(offer, ready), before = max(taken + taken_to_read, last_read + 1) - 1, read = before;
        const uint8_t *events = sent.at(sample, step++);
        int64_t position = 0;  // `read` is when the entry before it was read
        for (int64_t address = 0; address < inputs; ++address) {
            if (!events[address]) continue;
            read = max(read + address + 1 - position, last_sent);
            position = address + 1;
            last_sent = downstream.take_values(read + 1, 1, address);
        }
        read = position ? read + inputs - position : before;  // an empty slot is skipped
        ready = read + 1;
        last_read = max(read + 1, last_sent);
        last_sent = downstream.take_tick(last_read + 1);
        return taken;
    }

    Cycle take_end(Cycle offer) override {
        Cycle taken = max(offer, ready);
        ready = max(taken + taken_to_read, last_read + 1);
        last_read = max(ready, last_sent);
        last_sent = downstream.take_end(last_read + 1);
        if (dropping) ready = last_read + dropping;
        return taken;
    }

    void follow(const Link &before) override {
        auto &last = static_cast<const Delay &>(before);
        ready = last.ready;
        last_read = last.last_read;
        last_sent = last.last_sent;
        downstream.follow(last.downstream);
    }
};
