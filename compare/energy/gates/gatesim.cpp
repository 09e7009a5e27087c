// Simulate a netlist and record how often each net rises and falls.
//
//   gatesim NETLIST zero|library replay BEATS RESULTS COUNTS COUNTERS LIMIT [WEIGHTS]
//   gatesim NETLIST zero|library vectors VECTORS RESULTS COUNTS SKIP
//
// replay: send beats to an accelerator sample by sample, as ../../../tb/replay/replay.sv does, and stop when no sample
// finishes for LIMIT cycles; RESULTS has the same lines. For each sample, over the cycles in which it is in the
// accelerator, COUNTS has the falling and rising edges of each net, then the reads and writes of each memory, as 32-bit
// numbers.
// vectors: each line of VECTORS has the inputs of a cycle in hexadecimal, in the order of the netlist's ports `in_N`;
// each line of RESULTS has the outputs `out_N` at its end. COUNTS excludes the first SKIP cycles.

#include "circuit.h"

class Counts {
  public:
    Counts(Circuit& circuit, const char* path)
        : circuit_(circuit), edges_(2 * circuit.value.size()), accesses_(2 * circuit.memories.size()),
          file_(path, std::ios::binary) {}

    void end_cycle(bool counted) {
        if (counted) {
            for (uint32_t edge : circuit_.changed) edges_[edge]++;
            for (size_t n = 0; n < circuit_.memories.size(); n++) {
                accesses_[2 * n] += circuit_.memories[n].read_count;
                accesses_[2 * n + 1] += circuit_.memories[n].write_count;
            }
        }
        circuit_.changed.clear();
    }

    void end_sample() {
        for (auto* list : {&edges_, &accesses_}) {
            file_.write(reinterpret_cast<const char*>(list->data()), std::streamsize(4 * list->size()));
            std::fill(list->begin(), list->end(), 0);
        }
    }

  private:
    Circuit& circuit_;
    std::vector<uint32_t> edges_, accesses_;
    std::ofstream file_;
};

static std::vector<uint64_t> read_hex(const char* path) {
    std::ifstream file(path);
    std::vector<uint64_t> words;
    for (std::string word; file >> word;) words.push_back(std::stoull(word, nullptr, 16));
    return words;
}

// Access to ports by name; writes to ports that the design lacks are ignored, reads return 0.
struct Pins {
    Circuit& circuit;
    void set(const char* name, uint64_t bits) {
        auto port = circuit.ports.find(name);
        if (port != circuit.ports.end()) circuit.set(port->second, bits);
    }
    uint64_t get(const char* name) {
        auto port = circuit.ports.find(name);
        return port == circuit.ports.end() ? 0 : circuit.get(port->second);
    }
};

static int replay(Circuit& circuit, char** args, const std::vector<uint64_t>& weights) {
    const std::vector<uint64_t> beats = read_hex(args[0]);
    std::FILE* results = std::fopen(args[1], "w");
    Counts counts(circuit, args[2]);
    int counters = std::atoi(args[3]);
    const uint32_t STATUS = 0x14, COUNTER = 0x40;
    const uint64_t limit = std::strtoull(args[4], nullptr, 10);
    enum { RESET, POLL, PLAY, COUNT } state = RESET;
    Pins pins{circuit};
    size_t next = 0, weight = 0;
    uint64_t beat = 0, address = STATUS, cycles = 0, waited = 0;
    bool reset = true, valid = false, running = false, asking = false;
    auto fetch = [&] {
        valid = next < beats.size();
        if (valid) beat = beats[next++];
    };
    pins.set("m_axis_tready", 1);
    pins.set("s_axi_bready", 1);
    pins.set("s_axi_rready", 1);
    pins.set("s_axis_weights_tvalid", !weights.empty());
    while (true) {
        pins.set("rst", reset);
        pins.set("s_axis_tdata", uint32_t(beat));
        pins.set("s_axis_tlast", beat >> 32 & 1);
        pins.set("s_axis_tvalid", valid);
        pins.set("s_axi_araddr", address);
        pins.set("s_axi_arvalid", asking);
        if (!weights.empty()) {
            pins.set("s_axis_weights_tdata", weights[weight]);
            pins.set("s_axis_weights_tlast", weight + 1 == weights.size());
        }
        circuit.settle();

        const bool taken = valid && pins.get("s_axis_tready"), answered = pins.get("s_axi_rvalid");
        const bool wants_weight = !weights.empty() && pins.get("s_axis_weights_tready");
        const uint64_t answer = pins.get("s_axi_rdata");
        const bool inside = running || taken;
        counts.end_cycle(inside);
        if (wants_weight && !reset) weight = (weight + 1) % weights.size();
        if (asking && pins.get("s_axi_arready")) asking = false;
        if (inside) cycles++;
        const bool finished = state == PLAY && pins.get("m_axis_tvalid") && pins.get("m_axis_tlast");
        waited = finished || (answered && state != POLL) ? 0 : waited + 1;
        if (waited > limit) {
            std::fprintf(results, "timeout\n");
            break;
        }
        if (state == RESET) {
            if (++cycles == 4) {
                reset = false, asking = true, cycles = 0;
                state = POLL;
            }
        } else if (state == POLL) {
            if (answered && ((answer & 1) || wants_weight)) asking = true;
            else if (answered) {
                fetch();
                state = PLAY;
            }
        } else if (state == PLAY) {
            if (!running && !valid) { // no samples left
                address = COUNTER;
                asking = counters > 0;
                state = COUNT;
            }
            if (taken) {
                running = true;
                if (beat >> 32 & 1) valid = false;
                else fetch();
            }
            if (pins.get("m_axis_tvalid")) {
                std::fprintf(results, "%08x\n", uint32_t(pins.get("m_axis_tdata")));
                if (pins.get("m_axis_tlast")) {
                    std::fprintf(results, "cycles %llu\n", (unsigned long long)cycles);
                    std::fflush(results);
                    counts.end_sample();
                    cycles = 0, running = false, asking = true;
                    state = POLL;
                }
            }
        } else {
            if (answered) {
                std::fprintf(results, "counter %llu\n", (unsigned long long)answer);
                counters--;
                address += 4;
                asking = counters > 0;
            }
            if (counters <= 0) break;
        }
        circuit.clock();
    }
    std::fclose(results);
    return 0;
}

static int play_vectors(Circuit& circuit, char** args) {
    std::ifstream vectors(args[0]);
    std::FILE* results = std::fopen(args[1], "w");
    Counts counts(circuit, args[2]);
    const long skip = std::atol(args[3]);
    auto numbered = [&circuit](const char* kind) {
        std::vector<Nets> found;
        for (std::string name; circuit.ports.count(name = kind + std::to_string(found.size()));)
            found.push_back(circuit.ports[name]);
        return found;
    };
    const std::vector<Nets> inputs = numbered("in_"), outputs = numbered("out_");
    std::string word;
    for (long cycle = 0;; cycle++) {
        for (const Nets& input : inputs) {
            vectors >> word;
            if (vectors) circuit.set(input, std::stoull(word, nullptr, 16));
        }
        if (!vectors) break;
        circuit.settle();
        counts.end_cycle(cycle >= skip);
        for (const Nets& output : outputs) std::fprintf(results, "%llx ", (unsigned long long)circuit.get(output));
        std::fprintf(results, "\n");
        circuit.clock();
    }
    counts.end_sample();
    std::fclose(results);
    return 0;
}

int main(int count, char** args) {
    if (count < 8) fail("wrong arguments");
    Circuit circuit(args[1], std::string(args[2]) == "library");
    if (std::string(args[3]) == "vectors") return play_vectors(circuit, args + 4);
    return replay(circuit, args + 4, count > 9 ? read_hex(args[9]) : std::vector<uint64_t>{});
}
