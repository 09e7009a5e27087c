// The sums of a cochlea's channels: `tospike.sim.cochlea.golden` has the equations, and the same loops in Python.

#include <algorithm>
#include <cstdint>
#include <vector>

// sound: (samples, steps, hop); rotations, dampings: (channels,); heard: (samples, steps, channels), zeros at first
extern "C" void cochlea_sums(const int64_t *sound, int64_t samples, int64_t steps, int64_t hop, int64_t channels,
                             const int64_t *rotations, const int64_t *dampings, int64_t sections, int64_t fraction_bits,
                             int64_t guard_bits, int64_t low, int64_t high, int64_t *heard) {
    const int64_t negative = (int64_t(1) << fraction_bits) - 1; // added to negative numbers: a shift then truncates
    std::vector<int64_t> once(sections * channels), twice(sections * channels), difference(channels);
    for (int64_t sample = 0; sample < samples; sample++) {
        std::fill(once.begin(), once.end(), 0);
        std::fill(twice.begin(), twice.end(), 0);
        int64_t before = 0, earlier = 0; // the two samples of sound before this one
        for (int64_t step = 0; step < steps; step++, heard += channels) {
            for (int64_t number = 0; number < hop; number++) {
                const int64_t now = *sound++ * (int64_t(1) << guard_bits);
                std::fill(difference.begin(), difference.end(), now - earlier);
                earlier = before;
                before = now;
                for (int64_t section = 0; section < sections; section++) {
                    int64_t *v1 = &once[section * channels], *v2 = &twice[section * channels];
                    for (int64_t channel = 0; channel < channels; channel++) {
                        const int64_t total = dampings[channel] * (difference[channel] + 2 * v2[channel]) +
                                              2 * rotations[channel] * v1[channel] -
                                              v2[channel] * (int64_t(1) << fraction_bits);
                        const int64_t rounded = (total + (total < 0 ? negative : 0)) >> fraction_bits;
                        const int64_t output = std::min(std::max(rounded, low), high);
                        difference[channel] = output - v2[channel];
                        v2[channel] = v1[channel];
                        v1[channel] = output;
                    }
                }
                const int64_t *last = &once[(sections - 1) * channels];
                for (int64_t channel = 0; channel < channels; channel++)
                    heard[channel] += std::max<int64_t>(last[channel], 0);
            }
        }
    }
}
