// The links of `tospike.sim.cycles.link` for one sample: the same equations, a token at a time.
//
// A link takes tokens; during the call it sends everything that a token causes to the next link downstream.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

using Cycle = int64_t;
using std::max;

struct Link {
    virtual ~Link() = default;
    // the cycle in which the last of `count` VALUEs is taken, the first one offered from cycle `offer` on
    virtual Cycle take_values(Cycle offer, int64_t count, int64_t last_address) = 0;
    virtual Cycle take_tick(Cycle offer) = 0;
    virtual Cycle take_end(Cycle offer) = 0;
    // before the first token: take over the times of the same link, downstream ones included, after the last sample
    virtual void follow(const Link &before) = 0;
};

// An engine's links of all samples, in order.
using Stage = std::vector<std::unique_ptr<Link>>;

// (N, steps, values) flags in memory: values are adjacent.
struct Flags {
    const uint8_t *data;
    int64_t sample_stride, step_stride;

    const uint8_t *at(int64_t sample, int64_t step = 0) const {
        return data + sample * sample_stride + step * step_stride;
    }
};
