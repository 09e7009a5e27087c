// The event engine and its front: `tospike.sim.spiking.timing` and `tospike.sim.cycles.front`.
#pragma once
#include "link.h"

enum class Readout : int64_t { SPIKES, COUNT, MEMBRANE };

// In the order of `tospike.sim.compiled.links._event_engine`.
struct EventEngineParams {
    Readout readout;
    int64_t neurons, words, lanes, channels, position_words;
    int64_t to_offer, sent, update_return, list_settle, in_flight;
    int64_t lists_words, recurrent;
    int64_t front_tokens, front_latency;
    int64_t settle;
};

// What an engine computed for a sample.
struct EventRun {
    const uint8_t *spikes, *updated;  // (steps, neurons), (steps, words)
    const uint8_t *outputs;           // (neurons,)
    const int64_t *spent;             // with a window: cycles of the first 0, 1, 2, ... events together; else null
};

// tospike.sim.spiking.timing.EventLink
struct EventEngine : Link {
    const EventEngineParams &params;
    EventRun run;
    Link &downstream;
    Cycle ready = 0, free = 0, last_sent = -1, fed_back = -1, listed = 0;
    std::vector<Cycle> departed;
    bool due = false, touched = false;
    int64_t step = 0, seen = 0;  // VALUEs so far
    std::vector<uint8_t> every;

    EventEngine(const EventEngineParams &params, const EventRun &run, Link &downstream)
        : params(params), run(run), downstream(downstream), departed(params.in_flight, -params.sent),
          every(params.words, 1) {}

    Cycle take_values(Cycle offer, int64_t count, int64_t) override {
        Cycle taken = offer;
        for (; count > 0; --count) {
            taken = max(offer, ready);
            free = after_due_update(max(taken + 1, free)) + cost();
            ready = free - 1;
            touched = true;
            offer = taken + 1;
        }
        return taken;
    }

    Cycle take_tick(Cycle offer) override {
        Cycle taken = max(offer, ready), begin = max(taken + 1, free);
        const uint8_t *updated = run.updated + step * params.words, *spikes = run.spikes + step * params.neurons;
        if (params.readout == Readout::MEMBRANE) {
            begin = after_list(after_due_update(begin));
            due = count_words(updated) > 0;
            ready = begin;
            free = begin + 1;
            ++step;
            return taken;
        }
        begin = after_list(begin);
        if (params.readout == Readout::SPIKES) {
            begin = max(begin, departed.front() + params.sent);
            last_sent = send(begin, spikes, updated, downstream, last_sent);
            depart(downstream.take_tick(marker_offer(begin, updated, last_sent)));
        }
        update(begin, updated);
        if (params.recurrent) {
            Cycle last = send(begin, spikes, updated, *this, fed_back);
            fed_back = marker_offer(begin, updated, last);
            ready = max(ready, fed_back + 1);
        }
        ++step;
        return taken;
    }

    Cycle take_end(Cycle offer) override {
        Cycle taken = max(offer, ready), begin = max(max(taken + 1, free), departed.front() + params.sent), marker;
        if (params.readout == Readout::SPIKES) {
            marker = max(begin + params.to_offer, last_sent + 1);
        } else {
            last_sent = send(begin, run.outputs, every.data(), downstream, last_sent);
            marker = marker_offer(begin, every.data(), last_sent);
        }
        depart(downstream.take_end(marker));
        touched = true;
        update(begin, every.data());
        return taken;
    }

    // First cycle in which nothing is inside.
    Cycle empty() const { return max(free, departed.back() + params.sent) + params.settle; }

    void follow(const Link &before) override {
        auto &last = static_cast<const EventEngine &>(before);
        ready = last.ready;
        free = last.free;
        last_sent = last.last_sent;
        fed_back = last.fed_back;
        listed = last.listed;
        departed = last.departed;
        touched = last.touched;
        downstream.follow(last.downstream);
    }

  private:
    // Cycles of the next VALUE.
    int64_t cost() {
        if (!run.spent) return params.words;
        ++seen;
        return run.spent[seen] - run.spent[seen - 1];
    }

    Cycle after_list(Cycle begin) const { return params.lists_words && !touched ? max(begin, listed) : begin; }

    Cycle after_due_update(Cycle begin) {
        if (!due) return begin;
        due = false;
        Cycle back = written_back(begin, run.updated + (step - 1) * params.words);
        listed = back + params.list_settle;
        Cycle after = after_list(back);
        touched = false;
        return after;
    }

    void update(Cycle begin, const uint8_t *updated) {
        int64_t count = count_words(updated);
        Cycle back = written_back(begin, updated);
        if (count) listed = back + params.list_settle;
        ready = begin + max<int64_t>(count, 1) - 1;
        free = count ? after_list(back) : begin + 1;
        touched = false;
    }

    Cycle written_back(Cycle begin, const uint8_t *updated) const {
        return begin + count_words(updated) + params.update_return;
    }

    Cycle send(Cycle begin, const uint8_t *values, const uint8_t *updated, Link &to, Cycle sent) const {
        Cycle offer = begin + params.to_offer - 1;  // of the word's first token
        int64_t first = 0, lane_count = 0;
        for (int64_t word = 0; word < params.words; ++word, first += lane_count) {
            int64_t here = word % params.position_words * params.lanes;
            lane_count = std::min(params.lanes, params.channels - here);
            offer += updated[word];
            int64_t count = 0, last = 0;
            for (int64_t lane = 0; lane < lane_count; ++lane)
                if (values[first + lane]) ++count, last = lane;
            if (count) sent = to.take_values(max(offer, sent + 1), count, first + last);
        }
        return sent;
    }

    Cycle marker_offer(Cycle begin, const uint8_t *updated, Cycle sent) const {
        return max(begin + max<int64_t>(count_words(updated), 1) - 1 + params.to_offer, sent + 1);
    }

    void depart(Cycle cycle) {
        last_sent = cycle;
        departed.erase(departed.begin());
        departed.push_back(cycle);
    }

    int64_t count_words(const uint8_t *updated) const {
        int64_t count = 0;
        for (int64_t word = 0; word < params.words; ++word) count += updated[word];
        return count;
    }
};

// tospike.sim.cycles.front.SleepingFrontLink
struct FrontLink : Link {
    EventEngineParams params;
    EventEngine engine;
    std::vector<Cycle> departed;  // when the last tokens left, a ring
    size_t oldest = 0;
    Cycle asleep = -1;
    std::vector<std::pair<Cycle, Cycle>> spans;  // when the clock ran: first cycle, cycle after the last one

    FrontLink(const EventEngineParams &given, const EventRun &run, Link &downstream)
        : params(given), engine(params, run, downstream), departed(params.front_tokens, -1) {}

    Cycle take_values(Cycle offer, int64_t count, int64_t last_address) override {
        Cycle entered = offer, first = offer;
        bool some = count > 0;
        for (; count > 0; --count) {
            entered = max(offer, departed[oldest] + 1);
            depart(engine.take_values(entered + params.front_latency, 1, last_address));
            offer = entered + 1;
        }
        if (some) wake(first);
        return entered;
    }

    Cycle take_tick(Cycle offer) override {
        Cycle entered = max(offer, departed[oldest] + 1);
        depart(engine.take_tick(entered + params.front_latency));
        wake(offer);
        return entered;
    }

    Cycle take_end(Cycle offer) override {
        Cycle entered = max(offer, departed[oldest] + 1);
        depart(engine.take_end(entered + params.front_latency));
        wake(offer);
        return entered;
    }

    void follow(const Link &before) override {
        auto &last = static_cast<const FrontLink &>(before);
        departed = last.departed;
        oldest = last.oldest;
        asleep = last.asleep;
        engine.follow(last.engine);
    }

    // In how many of the first `cycles` cycles the clock ran.
    Cycle awake(Cycle cycles) const {
        Cycle ran = 0;
        for (auto &[begin, end] : spans) ran += max<Cycle>(std::min(end, cycles) - begin, 0);
        return ran;
    }

  private:
    void wake(Cycle offer) {
        Cycle until = max(engine.empty(), asleep);
        Cycle begin = max(asleep, offer);
        if (!spans.empty() && spans.back().second == begin)
            spans.back().second = until;
        else
            spans.emplace_back(begin, until);
        asleep = until;
    }

    void depart(Cycle cycle) {
        departed[oldest] = cycle;
        oldest = (oldest + 1) % departed.size();
    }
};
