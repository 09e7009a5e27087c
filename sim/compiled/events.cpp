// Add the events of a step to membranes, one by one, with saturation: the second line of the equation in
// `tospike.sim.spiking.golden.run_event`.
#include <algorithm>
#include <cstdint>
#include <cstring>

// The compiler's vectors are as wide as the processor's; the results are the same.
#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

namespace {
// Which weights an event of each address adds to which neurons.
template <class Int> struct Connections {
    const int64_t *begin;  // (inputs + 1,): the first connection of each address
    const int64_t *target;  // of each connection, the first neuron
    const int64_t *row;     // of each connection, the row of weights
    const Int *weights;     // (rows, width): for neurons side by side
    int64_t width;
};

// (samples, inputs) payloads of a step; those of a sample are adjacent.
template <class Payload> struct Events {
    const Payload *payloads;
    int64_t samples, sample_stride, inputs;
};

// Return an address after which there may be a payload: most are 0, so look at eight bytes at a time.
template <class Payload> inline int64_t skip_zeros(const Payload *payloads, int64_t address, int64_t inputs) {
    constexpr int64_t together = 8 / sizeof(Payload);
    for (uint64_t some; address + together <= inputs; address += together) {
        std::memcpy(&some, payloads + address, sizeof some);
        if (some) break;
    }
    return address;
}

// Neither a membrane nor a membrane plus a product exceeds an Int.
template <class Int, class Payload>
__attribute__((always_inline)) inline void add(const Connections<Int> &to, const Events<Payload> &events, Int low,
                                               Int high, int64_t neurons, Int *membranes, int64_t *saturations) {
    for (int64_t sample = 0; sample < events.samples; ++sample, membranes += neurons) {
        const Payload *payloads = events.payloads + sample * events.sample_stride;
        for (int64_t address = 0; address < events.inputs; ++address) {
            address = skip_zeros(payloads, address, events.inputs);
            if (address == events.inputs) break;
            const Int payload = static_cast<Int>(payloads[address]);
            if (payload == 0) continue;
            for (int64_t at = to.begin[address]; at < to.begin[address + 1]; ++at) {
                const Int *weights = to.weights + to.row[at] * to.width;
                Int *reached = membranes + to.target[at], saturated = 0;
                for (int64_t n = 0; n < to.width; ++n) {
                    const Int sum = reached[n] + weights[n] * payload;
                    const Int bounded = std::min(std::max(sum, low), high);
                    saturated += sum != bounded;
                    reached[n] = bounded;
                }
                saturations[sample] += saturated;
            }
        }
    }
}
}  // namespace

// (rows,) numbers of bytes of (rows, length) that are not 0.
extern "C" FOR_EACH_PROCESSOR void count_nonzero(const uint8_t *bytes, int64_t rows, int64_t length, int64_t *counts) {
    for (int64_t row = 0; row < rows; ++row, bytes += length) {
        int64_t count = 0;
        for (int64_t at = 0; at < length; ++at) count += bytes[at] != 0;
        counts[row] = count;
    }
}

#define ADD_EVENTS(name, Int, Payload)                                                                               \
    extern "C" FOR_EACH_PROCESSOR void name(const int64_t *begin, const int64_t *target, const int64_t *row,         \
                                            const Int *weights, int64_t width, const Payload *payloads,              \
                                            int64_t samples, int64_t sample_stride, int64_t inputs, int64_t low,     \
                                            int64_t high, int64_t neurons, Int *membranes, int64_t *saturations) {   \
        add<Int, Payload>({begin, target, row, weights, width}, {payloads, samples, sample_stride, inputs},          \
                          static_cast<Int>(low), static_cast<Int>(high), neurons, membranes, saturations);           \
    }

ADD_EVENTS(add_events_32_8, int32_t, uint8_t)
ADD_EVENTS(add_events_32_64, int32_t, int64_t)
ADD_EVENTS(add_events_64_8, int64_t, uint8_t)
ADD_EVENTS(add_events_64_64, int64_t, int64_t)
