// The encoder of single frames: `tospike.sim.encoders.encoder_timing`.
#pragma once
#include "link.h"

// In the order of `tospike.sim.compiled.links._encoder`.
struct EncoderParams {
    int64_t inputs, steps, sends_all, keeps, has_state, least_entries;
};

// tospike.sim.encoders.encoder_timing.EncoderLink
struct Encoder : Link {
    EncoderParams params;
    const uint8_t *recorded;  // (inputs,)
    Flags trains;
    int64_t sample;
    Link &downstream;
    Cycle taken = -1, left_before = -1, left = -1;  // when the last two values left the buffer
    int64_t address = 0;

    Encoder(const EncoderParams &params, const uint8_t *recorded, const Flags &trains, int64_t sample, Link &downstream)
        : params(params), recorded(recorded), trains(trains), sample(sample), downstream(downstream) {}

    Cycle take_values(Cycle offer, int64_t count, int64_t last_address) override {
        Cycle entered = offer - 1;
        if (count == 0) return entered;
        const uint8_t *sends = trains.at(sample);
        for (; address <= last_address; ++address) {
            if (!recorded[address]) continue;
            entered = max(entered, left_before) + 1;
            Cycle leaves = leaves_buffer(entered);
            left_before = left;
            left = leaves;
            if (sends[address]) taken = downstream.take_values(leaves + 1, 1, address);
        }
        return entered;
    }

    Cycle take_tick(Cycle offer) override { return offer; }  // a frame has none

    Cycle take_end(Cycle offer) override {
        Cycle entered = max(offer, left_before + 1), leaves = leaves_buffer(entered);
        left_before = left;
        left = leaves;
        taken = downstream.take_tick(leaves + 1);
        scan(leaves + 2);
        return entered;
    }

    void follow(const Link &before) override {
        auto &last = static_cast<const Encoder &>(before);
        taken = last.taken;
        left_before = last.left_before;
        left = last.left;
        downstream.follow(last.downstream);
    }

  private:
    Cycle leaves_buffer(Cycle entered) const { return max(max(entered + 1, taken), left + 1); }

    void scan(Cycle scanned) {
        std::vector<int64_t> entries;
        for (int64_t at = 0; at < params.inputs; ++at)
            if (recorded[at] && params.keeps) entries.push_back(at);
        int64_t count = entries.size();
        for (int64_t step = 1; step < params.steps; ++step) {
            if (params.sends_all) {
                if (count) taken = downstream.take_values(max(scanned + 1, taken) + 1, count, entries.back());
            } else {
                const uint8_t *sends = trains.at(sample, step);
                for (int64_t at : entries) {
                    ++scanned;
                    if (!sends[at]) continue;
                    scanned = max(scanned, taken);
                    taken = downstream.take_values(scanned + 1, 1, at);
                }
            }
            int64_t empty = params.has_state ? max<int64_t>(params.least_entries - count, 0) : 0;
            scanned = max(scanned + empty + 1, taken);
            taken = downstream.take_tick(scanned + 1);
        }
        taken = downstream.take_end(max(scanned + 1, taken) + 1);
    }
};
