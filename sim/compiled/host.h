// The host's input, the head of a chain: `tospike.sim.cycles.host`.
#pragma once
#include "link.h"

// tospike.sim.cycles.host.send_sparse_frame
inline Cycle send_sparse_frame(Link &link, const uint8_t *frame, int64_t inputs, Cycle done) {
    for (int64_t address = 0; address < inputs; ++address)
        done = frame[address] ? link.take_values(done + 1, 1, address) : done + 1;
    return link.take_end(done + 1);
}

// tospike.sim.cycles.host.send_tokens
inline Cycle send_tokens(Link &link, const uint8_t *train, int64_t steps, int64_t inputs, bool ticks, Cycle taken) {
    for (int64_t step = 0; step < steps; ++step, train += inputs) {
        int64_t count = 0, last = 0;
        for (int64_t address = 0; address < inputs; ++address)
            if (train[address]) ++count, last = address;
        if (count) taken = link.take_values(taken + 1, count, last);
        if (ticks) taken = link.take_tick(taken + 1);
    }
    return link.take_end(taken + 1);
}

// tospike.sim.cycles.host.send_events
inline Cycle send_events(Link &link, const uint8_t *train, int64_t steps, int64_t inputs, Cycle before) {
    int64_t events = 0;
    for (int64_t at = 0; at < steps * inputs; ++at) events += train[at] != 0;
    Cycle done = before + 1;
    bool stamped = false;
    for (int64_t step = 0; step < steps; ++step, train += inputs) {
        for (int64_t address = 0; address < inputs; ++address) {
            if (!train[address]) continue;
            done = link.take_values((stamped ? done : done + 1) + 1, 1, address);
            stamped = false;
            --events;
        }
        bool needs_stamp = events && !stamped;
        done = link.take_tick(done + needs_stamp + 1);
        stamped |= needs_stamp;
    }
    return link.take_end(done + 1);
}
