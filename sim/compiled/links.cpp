// C interface of the links: a stage per engine, made from the sink to the host.
#include "delay.h"
#include "encoder.h"
#include "event_engine.h"
#include "host.h"
#include "sinks.h"

namespace {
template <class Make> Stage *stage_of(int64_t samples, Make make) {
    auto stage = new Stage;
    for (int64_t sample = 0; sample < samples; ++sample) stage->emplace_back(make(sample));
    return stage;
}

// Send the samples, each alone from cycle `start` on, or with `follows` each behind the one before.
template <class Send> void send_samples(Stage &stage, Cycle start, bool follows, Send send) {
    Cycle before = start;
    for (size_t n = 0; n < stage.size(); ++n) {
        if (follows && n) stage[n]->follow(*stage[n - 1]);
        before = send(*stage[n], n, follows ? before : start);
    }
}
}  // namespace

extern "C" {
void *dense_sink(int64_t samples, int64_t addresses) {
    return stage_of(samples, [=](int64_t) { return new DenseSink(addresses); });
}

void *token_sink(int64_t samples) {
    return stage_of(samples, [](int64_t) { return new TokenSink; });
}

void *first_spike_sink(int64_t samples) {
    return stage_of(samples, [](int64_t) { return new FirstSpikeSink; });
}

void *first_spike_of_image_sink(int64_t samples) {
    return stage_of(samples, [](int64_t) { return new FirstSpikeOfImageSink; });
}

void *early_sink(int64_t samples, const int64_t *deciding, int64_t latency, int64_t addresses, int64_t renumbers) {
    return stage_of(
        samples, [=](int64_t sample) { return new EarlySink(deciding[sample], latency, addresses, renumbers); });
}

void *event_engine(Stage *downstream, const EventEngineParams *params, int64_t steps, const uint8_t *spikes,
                   const uint8_t *updated, const uint8_t *outputs, const int64_t *spent, int64_t spent_stride) {
    return stage_of(downstream->size(), [=](int64_t sample) {
        EventRun run = {spikes + sample * steps * params->neurons, updated + sample * steps * params->words,
                        outputs + sample * params->neurons, spent ? spent + sample * spent_stride : nullptr};
        return new FrontLink(*params, run, *(*downstream)[sample]);
    });
}

void *encoder(Stage *downstream, const EncoderParams *params, const uint8_t *recorded, const uint8_t *trains,
              int64_t sample_stride, int64_t step_stride) {
    Flags flags = {trains, sample_stride, step_stride};
    return stage_of(downstream->size(), [=](int64_t sample) {
        return new Encoder(*params, recorded + sample * params->inputs, flags, sample, *(*downstream)[sample]);
    });
}

void *delay(Stage *downstream, int64_t inputs, int64_t taken_to_read, const int64_t *dropping, const uint8_t *sent,
            int64_t steps) {
    Flags flags = {sent, steps * inputs, inputs};
    return stage_of(downstream->size(), [=](int64_t sample) {
        return new Delay(inputs, taken_to_read, dropping[sample], flags, sample, *(*downstream)[sample]);
    });
}

void free_stage(Stage *stage) { delete stage; }

void take_values(Stage *stage, const Cycle *offer, const int64_t *count, const int64_t *last_address, Cycle *taken) {
    for (size_t n = 0; n < stage->size(); ++n) taken[n] = (*stage)[n]->take_values(offer[n], count[n], last_address[n]);
}

void take_tick(Stage *stage, const Cycle *offer, Cycle *taken) {
    for (size_t n = 0; n < stage->size(); ++n) taken[n] = (*stage)[n]->take_tick(offer[n]);
}

void take_end(Stage *stage, const Cycle *offer, Cycle *taken) {
    for (size_t n = 0; n < stage->size(); ++n) taken[n] = (*stage)[n]->take_end(offer[n]);
}

void last_beats(Stage *sinks, Cycle *last_beat) {
    for (size_t n = 0; n < sinks->size(); ++n) last_beat[n] = static_cast<Sink &>(*(*sinks)[n]).last_beat;
}

void awake_cycles(Stage *engines, const Cycle *cycles, Cycle *awake) {
    for (size_t n = 0; n < engines->size(); ++n) awake[n] = static_cast<FrontLink &>(*(*engines)[n]).awake(cycles[n]);
}

void send_sparse_frames(Stage *stage, int64_t follows, const uint8_t *frames, int64_t inputs) {
    send_samples(*stage, 0, follows, [=](Link &link, size_t n, Cycle before) {
        return send_sparse_frame(link, frames + n * inputs, inputs, before);
    });
}

void send_token_trains(Stage *stage, int64_t follows, const uint8_t *trains, int64_t steps, int64_t inputs,
                       int64_t ticks) {
    send_samples(*stage, -1, follows, [=](Link &link, size_t n, Cycle before) {
        return send_tokens(link, trains + n * steps * inputs, steps, inputs, ticks, before);
    });
}

void send_recordings(Stage *stage, int64_t follows, const uint8_t *trains, int64_t steps, int64_t inputs) {
    send_samples(*stage, -1, follows, [=](Link &link, size_t n, Cycle before) {
        return send_events(link, trains + n * steps * inputs, steps, inputs, before);
    });
}
}
