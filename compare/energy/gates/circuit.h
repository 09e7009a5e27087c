// A netlist of gates, flip-flops and memories with one clock, simulated cycle by cycle.
//
// There are two delay models. zero: each gate is evaluated once per cycle, in order of levels, so a net changes at most
// once. library: a gate responds to an edge at an input after a delay (ps) that depends on pin and edge. An output has
// at most one pending change, which is cancelled if the inputs change back in time (inertial delay): pulses shorter
// than the gate's delay vanish, longer ones are counted. A cycle lasts until the circuit has settled.

#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <queue>
#include <string>
#include <vector>

using Nets = std::vector<uint32_t>;

[[noreturn]] inline void fail(const std::string& why) {
    std::fprintf(stderr, "error: %s\n", why.c_str());
    std::exit(1);
}

struct Gate {
    uint64_t table;      // output for each value of index
    uint32_t index = 0;  // bit k: value of input k
    uint32_t output;
    uint32_t level = 0;
    int delay[6][2];     // ps, by input and value of the output
    bool busy = false;   // zero: in the queue of its level; library: a change of the output is pending
    uint32_t change = 0; // number of the latest change: events of earlier ones were cancelled
};

struct Output {
    uint32_t net;
    int inverted;
    int delay[2];
};

struct Flop {
    uint64_t table;      // next state, by the inputs and, last, the state
    uint32_t index = 0;
    uint32_t inputs;
    bool state = false;
    std::vector<Output> outputs;
};

struct Sink {
    uint32_t element;
    uint16_t pin;
    bool is_flop;
};

struct Port {
    Nets address, data, enable;        // a read port has one enable, a write port one per bit
    std::vector<uint32_t> transparent; // read port: write ports whose words it reads in the same cycle
};

struct Memory {
    std::vector<std::vector<uint8_t>> words;
    std::vector<Port> reads, writes;
    int delay;
    uint32_t read_count = 0, write_count = 0; // in this cycle
};

struct Event {
    int64_t time;
    uint64_t order;
    uint32_t gate;   // NONE: the net is not driven by a gate
    uint32_t change; // number of the gate's change, or the net's new value
    uint32_t net;
    bool operator<(const Event& other) const {
        return time != other.time ? time > other.time : order > other.order;
    }
};

class Circuit {
  public:
    static constexpr uint32_t NONE = ~0u;
    std::vector<uint8_t> value;
    std::vector<uint32_t> changed; // in this cycle: net * 2 + new value
    std::vector<Memory> memories;
    std::map<std::string, Nets> ports;

    Circuit(const std::string& path, bool with_delays) : with_delays_(with_delays) {
        std::ifstream file(path);
        std::string word;
        while (file >> word) {
            if (word == "nets") value.resize(number(file));
            else if (word == "gate") read_gate(file);
            else if (word == "flop") read_flop(file);
            else if (word == "memory") read_memory(file);
            else if (word == "port") { file >> word; ports[word] = nets(file); }
            else fail("unknown word " + word + " in the netlist");
        }
        connect();
        for (uint32_t n = 0; n < gates_.size(); n++) evaluate_first(n);
        settle();
        changed.clear();
    }

    void set(const Nets& bus, uint64_t bits) {
        for (size_t i = 0; i < bus.size(); i++) later(0, bus[i], bits >> i & 1);
    }

    uint64_t get(const Nets& bus) const {
        uint64_t bits = 0;
        for (size_t i = 0; i < bus.size(); i++) bits |= uint64_t(value[bus[i]]) << i;
        return bits;
    }

    // A rising clock edge: flip-flops and memories sample their inputs; their outputs change in `settle`.
    void clock() {
        for (Flop& flop : flops_) {
            bool next = flop.table >> (flop.index | uint32_t(flop.state) << flop.inputs) & 1;
            if (next == flop.state) continue;
            flop.state = next;
            for (const Output& out : flop.outputs) later(out.delay[next ^ out.inverted], out.net, next ^ out.inverted);
        }
        for (Memory& memory : memories) clock_memory(memory);
    }

    // Evaluate until nothing changes.
    void settle() {
        if (with_delays_) settle_events();
        else settle_levels();
    }

  private:
    bool with_delays_;
    std::vector<Gate> gates_;
    std::vector<Nets> gate_inputs_, flop_inputs_;
    std::vector<Flop> flops_;
    std::vector<uint32_t> first_sink_;
    std::vector<Sink> sinks_;
    std::vector<std::vector<uint32_t>> levels_;
    std::vector<std::pair<uint32_t, uint8_t>> sources_; // zero: nets that change at the clock edge
    std::priority_queue<Event> events_;
    uint64_t order_ = 0;

    static long long number(std::istream& file) {
        long long n;
        if (!(file >> n)) fail("the netlist is truncated");
        return n;
    }

    static uint64_t table(std::istream& file) {
        std::string word;
        file >> word;
        return std::stoull(word, nullptr, 16);
    }

    static Nets nets(std::istream& file) {
        Nets found(number(file));
        for (uint32_t& net : found) net = uint32_t(number(file));
        return found;
    }

    void read_gate(std::istream& file) { // in topological order
        Gate gate;
        gate.output = uint32_t(number(file));
        gate.table = table(file);
        gate_inputs_.push_back(nets(file));
        for (size_t k = 0; k < gate_inputs_.back().size(); k++)
            for (int edge : {1, 0}) gate.delay[k][edge] = int(number(file));
        gates_.push_back(gate);
    }

    void read_flop(std::istream& file) {
        Flop flop;
        flop.table = table(file);
        flop_inputs_.push_back(nets(file));
        flop.inputs = uint32_t(flop_inputs_.back().size());
        flop.outputs.resize(number(file));
        for (Output& out : flop.outputs) {
            out.net = uint32_t(number(file));
            out.inverted = int(number(file));
            for (int edge : {1, 0}) out.delay[edge] = int(number(file));
        }
        flops_.push_back(flop);
    }

    void read_memory(std::istream& file) {
        Memory memory;
        memory.delay = int(number(file));
        memory.words.assign(number(file), {});
        for (auto& word : memory.words) {
            std::string bits;
            file >> bits; // lowest bit first
            for (char bit : bits) word.push_back(bit == '1');
        }
        memory.reads.resize(number(file));
        memory.writes.resize(number(file));
        for (auto* side : {&memory.reads, &memory.writes})
            for (Port& port : *side) {
                port.address = nets(file);
                port.data = nets(file);
                port.enable = nets(file);
                port.transparent = nets(file);
            }
        memories.push_back(memory);
    }

    void connect() {
        value[1] = 1; // net 0 and net 1 are constant
        std::vector<std::vector<Sink>> found(value.size());
        std::vector<uint32_t> level(value.size(), 0);
        for (uint32_t n = 0; n < gates_.size(); n++) {
            for (size_t k = 0; k < gate_inputs_[n].size(); k++) {
                uint32_t net = gate_inputs_[n][k];
                found[net].push_back({n, uint16_t(k), false});
                gates_[n].index |= uint32_t(value[net]) << k;
                gates_[n].level = std::max(gates_[n].level, level[net]);
            }
            level[gates_[n].output] = gates_[n].level + 1;
            if (levels_.size() <= gates_[n].level) levels_.resize(gates_[n].level + 1);
        }
        for (uint32_t n = 0; n < flops_.size(); n++)
            for (size_t k = 0; k < flop_inputs_[n].size(); k++) {
                found[flop_inputs_[n][k]].push_back({n, uint16_t(k), true});
                flops_[n].index |= uint32_t(value[flop_inputs_[n][k]]) << k;
            }
        for (auto& list : found) {
            first_sink_.push_back(uint32_t(sinks_.size()));
            sinks_.insert(sinks_.end(), list.begin(), list.end());
        }
        first_sink_.push_back(uint32_t(sinks_.size()));
        for (const Flop& flop : flops_)
            for (const Output& out : flop.outputs)
                if (out.inverted) later(0, out.net, 1);
    }

    void evaluate_first(uint32_t n) { // before the first cycle: by levels, in both delay models
        bool now = gates_[n].table >> gates_[n].index & 1;
        if (now != value[gates_[n].output]) flip(gates_[n].output, [](uint32_t, uint16_t) {});
    }

    template <class Reach> void flip(uint32_t net, Reach reach) {
        value[net] ^= 1;
        changed.push_back(net * 2 + value[net]);
        for (uint32_t s = first_sink_[net]; s < first_sink_[net + 1]; s++) {
            const Sink& sink = sinks_[s];
            if (sink.is_flop) flops_[sink.element].index ^= 1u << sink.pin;
            else {
                gates_[sink.element].index ^= 1u << sink.pin;
                reach(sink.element, sink.pin);
            }
        }
    }

    void later(int delay, uint32_t net, uint8_t to) {
        if (with_delays_) events_.push({delay, order_++, NONE, to, net});
        else sources_.push_back({net, to});
    }

    void settle_levels() {
        auto reach = [this](uint32_t n, uint16_t) {
            if (!gates_[n].busy) levels_[gates_[n].level].push_back(n);
            gates_[n].busy = true;
        };
        for (auto [net, to] : sources_)
            if (value[net] != to) flip(net, reach);
        sources_.clear();
        for (auto& level : levels_) {
            for (uint32_t n : level) {
                Gate& gate = gates_[n];
                gate.busy = false;
                if ((gate.table >> gate.index & 1) != value[gate.output]) flip(gate.output, reach);
            }
            level.clear();
        }
    }

    void settle_events() {
        while (!events_.empty()) {
            Event event = events_.top();
            events_.pop();
            if (event.gate != NONE) {
                if (!gates_[event.gate].busy || gates_[event.gate].change != event.change) continue;
                gates_[event.gate].busy = false;
            } else if (value[event.net] == event.change) continue;
            flip(event.net, [this, &event](uint32_t n, uint16_t pin) {
                Gate& gate = gates_[n];
                bool now = gate.table >> gate.index & 1;
                if (now != (value[gate.output] ^ gate.busy)) {
                    const int64_t time = event.time + gate.delay[pin][now];
                    if (!gate.busy) events_.push({time, order_++, n, ++gate.change, gate.output});
                    gate.busy = !gate.busy;
                }
            });
        }
    }

    void clock_memory(Memory& memory) {
        auto enabled = [this](const Port& port) {
            bool any = false;
            for (uint32_t net : port.enable) any |= value[net];
            return any;
        };
        auto store = [this, &memory](const Port& port, std::vector<uint8_t>& word) {
            for (size_t i = 0; i < word.size(); i++)
                if (value[port.enable[i]]) word[i] = value[port.data[i]];
        };
        memory.read_count = memory.write_count = 0;
        for (Port& port : memory.reads) {
            if (!enabled(port)) continue;
            memory.read_count++;
            uint64_t address = get(port.address);
            if (address >= memory.words.size()) continue;
            std::vector<uint8_t> word = memory.words[address];
            for (uint32_t n : port.transparent)
                if (get(memory.writes[n].address) == address) store(memory.writes[n], word);
            for (size_t i = 0; i < word.size(); i++) later(memory.delay, port.data[i], word[i]);
        }
        for (Port& port : memory.writes) {
            if (!enabled(port)) continue;
            memory.write_count++;
            uint64_t address = get(port.address);
            if (address < memory.words.size()) store(port, memory.words[address]);
        }
    }
};
