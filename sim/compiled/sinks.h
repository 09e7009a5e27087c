// The host's output, which ends a chain: the sinks of `tospike.sim.cycles.link`.
#pragma once
#include "link.h"

struct Sink : Link {
    Cycle last_beat = 0;

    void follow(const Link &) override {}
};

// tospike.sim.cycles.link.DenseSink
struct DenseSink : Sink {
    int64_t addresses, address = 0;
    Cycle done = -1;

    explicit DenseSink(int64_t addresses) : addresses(addresses) {}

    Cycle take_values(Cycle offer, int64_t count, int64_t last_address) override {
        if (count == 0) return done;
        set(max(offer, done + 1) + last_address - address);
        address = last_address + 1;
        return done;
    }

    Cycle take_tick(Cycle offer) override { return offer; }

    Cycle take_end(Cycle offer) override {
        Cycle first = max(offer, done + 1);
        int64_t missing = addresses - address;
        if (missing > 0) set(first + missing - 1);
        return first + missing;
    }

    void follow(const Link &before) override { done = static_cast<const DenseSink &>(before).done; }

    void set(Cycle cycle) {
        done = cycle;
        last_beat = done + 1;
    }
};

// tospike.sim.cycles.link.TokenSink
struct TokenSink : Sink {
    Cycle take_values(Cycle offer, int64_t count, int64_t) override { return offer + count - 1; }

    Cycle take_tick(Cycle offer) override { return offer; }

    Cycle take_end(Cycle offer) override {
        last_beat = offer + 1;
        return offer;
    }
};

// tospike.sim.cycles.link.FirstSpikeSink
struct FirstSpikeSink : Sink {
    FirstSpikeSink() { last_beat = -1; }

    Cycle take_values(Cycle offer, int64_t count, int64_t) override {
        if (count) answer(offer + 1);
        return offer + count - 1;
    }

    Cycle take_tick(Cycle offer) override { return offer; }

    Cycle take_end(Cycle offer) override {
        answer(offer + 1);
        return offer;
    }

    void answer(Cycle cycle) {
        if (last_beat < 0) last_beat = cycle;
    }
};

// tospike.sim.cycles.link.FirstSpikeOfImageSink
struct FirstSpikeOfImageSink : FirstSpikeSink {
    bool spiked = false;

    Cycle take_values(Cycle offer, int64_t count, int64_t) override {
        spiked |= count > 0;
        return offer + count - 1;
    }

    Cycle take_tick(Cycle offer) override {
        if (spiked) answer(offer + 2);
        return offer;
    }

    Cycle take_end(Cycle offer) override {
        answer(offer + 2);
        return offer;
    }
};

// tospike.sim.cycles.link.EarlySink
struct EarlySink : Sink {
    int64_t deciding, latency, addresses, renumbers, step = 0;
    Cycle free = 0, left = -1;

    EarlySink(int64_t deciding, int64_t latency, int64_t addresses, int64_t renumbers)
        : deciding(deciding), latency(latency), addresses(addresses), renumbers(renumbers) {}

    Cycle take_values(Cycle offer, int64_t count, int64_t) override {
        Cycle taken = offer;
        for (; count > 0; --count, offer = taken + 1) taken = pass(offer);
        return taken;
    }

    Cycle take_tick(Cycle offer) override {
        Cycle taken = pass(offer);
        if (step++ == deciding) last_beat = left + latency;
        return taken;
    }

    Cycle take_end(Cycle offer) override {
        Cycle taken = pass(offer);
        free = left + addresses + 1;
        return taken;
    }

    void follow(const Link &before) override {
        auto &last = static_cast<const EarlySink &>(before);
        free = last.free;
        left = last.left;
    }

  private:
    Cycle pass(Cycle offer) {
        Cycle taken = max(offer, renumbers ? left : free);
        left = max(taken + renumbers, free);
        return taken;
    }
};
