// A design's C driver on its Verilog: the driver's bus functions drive the AXI4-Lite and AXI4-Stream ports, with random
// pauses. Compile with -DDESIGN=<initialiser in regs.h>; run with a seed.
//
// stdin:  per sample a line "values|beats N X...", N bytes or beats in hexadecimal
//         or "load N X...": region, width, depth and words of a memory, and its chunks
// stdout: per sample a line "RESULT IRQ CLASS N X...": the driver's result, the interrupts of the sample as the driver
//         read them (-1 if the port irq contradicts them), and the answer's class and words; then a line of all counters

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <vector>

#include "Vdesign.h"
#include "regs.h"
#include "tospike.h"
#include "verilated.h"

namespace {

const int LONGEST_WAIT = 1000;  // cycles for a register access

struct Port {
    Vdesign dut;
    bool is_offered = false, is_taken = false;

    explicit Port(VerilatedContext* context) : dut(context) {
        dut.rst = 1;
        for (int n = 0; n < 4; n++) cycle();
        dut.rst = 0;
    }

    void cycle() {
        dut.clk = 0;
        dut.eval();
        if (dut.s_axis_tvalid && dut.s_axis_tready) is_taken = true;
        dut.clk = 1;
        dut.eval();
        if (is_taken) dut.s_axis_tvalid = 0;
    }

    void pause() {
        while (std::rand() % 3 == 0) cycle();
    }

    template <typename Ready> int wait(Ready is_ready) {
        for (int n = 0; n < LONGEST_WAIT; n++) {
            dut.clk = 0;
            dut.eval();
            bool is_done = is_ready();
            cycle();
            if (is_done) return 0;
        }
        return 1;
    }
};

Port& of(void* context) { return *static_cast<Port*>(context); }

int read_register(void* context, uint32_t offset, uint32_t* data) {
    Port& port = of(context);
    Vdesign& dut = port.dut;
    dut.s_axi_araddr = offset;
    dut.s_axi_arvalid = 1;
    if (port.wait([&] { return dut.s_axi_arready; })) return 1;
    dut.s_axi_arvalid = 0;
    port.pause();
    dut.s_axi_rready = 1;
    int response = 0;
    int failed = port.wait([&] {
        *data = dut.s_axi_rdata;
        response = dut.s_axi_rresp;
        return dut.s_axi_rvalid;
    });
    dut.s_axi_rready = 0;
    return failed || response;
}

int write_register(void* context, uint32_t offset, uint32_t data) {
    Port& port = of(context);
    Vdesign& dut = port.dut;
    dut.s_axi_awaddr = offset;
    dut.s_axi_awvalid = 1;
    port.pause();  // the address may precede the data
    dut.s_axi_wdata = data;
    dut.s_axi_wstrb = 0xF;
    dut.s_axi_wvalid = 1;
    if (port.wait([&] { return dut.s_axi_wready; })) return 1;
    dut.s_axi_awvalid = dut.s_axi_wvalid = 0;
    port.pause();
    dut.s_axi_bready = 1;
    int response = 0;
    int failed = port.wait([&] {
        response = dut.s_axi_bresp;
        return dut.s_axi_bvalid;
    });
    dut.s_axi_bready = 0;
    return failed || response;
}

int send(void* context, uint32_t data, int last, int* done) {
    Port& port = of(context);
    if (!port.is_offered) {  // an offered beat stays until it is taken
        port.dut.s_axis_tdata = data;
        port.dut.s_axis_tlast = last != 0;
        port.dut.s_axis_tvalid = 1;
        port.is_offered = true;
        port.is_taken = false;
    }
    port.cycle();
    *done = port.is_taken;
    if (port.is_taken) port.is_offered = port.is_taken = false;
    return 0;
}

int receive(void* context, uint32_t* data, int* last, int* done) {
    Port& port = of(context);
    Vdesign& dut = port.dut;
    dut.m_axis_tready = std::rand() % 4 != 0;
    dut.clk = 0;
    dut.eval();
    *done = dut.m_axis_tvalid && dut.m_axis_tready;
    *data = dut.m_axis_tdata;
    *last = dut.m_axis_tlast;
    port.cycle();
    dut.m_axis_tready = 0;
    return 0;
}

// The interrupts of a sample as the driver reads and clears them; -1 if the port does not follow.
int64_t interrupts(tospike& device, Port& port) {
    uint32_t happened = 0, after = 0;
    for (int n = 0; n < 4; n++) port.cycle();
    bool was_high = port.dut.irq;
    if (tospike_take_interrupts(&device, &happened) != TOSPIKE_OK) return -1;
    for (int n = 0; n < 4; n++) port.cycle();
    bool is_high = port.dut.irq;
    if (tospike_take_interrupts(&device, &after) != TOSPIKE_OK || after) return -1;
    return was_high == (happened != 0) && !is_high ? int64_t{happened} : -1;
}

}  // namespace

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    std::srand(argc > 1 ? std::atoi(argv[1]) : 0);
    Port port{&context};
    static const tospike_design design = DESIGN;
    tospike_bus bus = {&port, read_register, write_register, send, receive};
    tospike device;
    int opened = tospike_open(&device, bus, &design, 100000000);
    if (opened != TOSPIKE_OK) {
        std::printf("open %d\n", opened);
        return 1;
    }
    tospike_enable_interrupts(&device, TOSPIKE_INTERRUPT_ENABLE_DONE | TOSPIKE_INTERRUPT_ENABLE_ERROR);
    std::list<std::vector<uint32_t>> chunks;
    std::vector<tospike_contents> contents;
    char kind[8];
    unsigned count;
    while (std::scanf("%7s %u", kind, &count) == 2) {
        std::vector<uint32_t> data(count);
        for (uint32_t& word : data)
            if (std::scanf("%" SCNx32, &word) != 1) return 1;
        if (std::strcmp(kind, "load") == 0) {
            chunks.push_back(std::vector<uint32_t>(data.begin() + 4, data.end()));
            contents.push_back({{data[0], data[1], data[2]}, chunks.back().data(), data[3]});
            continue;
        }
        if (!contents.empty()) {
            if (tospike_load_all(&device, contents.data(), contents.size()) != TOSPIKE_OK) return 1;
            if (interrupts(device, port) < 0) return 1;
            contents.clear();
        }
        std::vector<uint8_t> values(data.begin(), data.end());
        std::vector<int32_t> answer(1 << 16);
        size_t words = 0;
        tospike_result result = std::strcmp(kind, "values") == 0
            ? tospike_run(&device, values.data(), answer.data(), answer.size(), &words)
            : tospike_run_beats(&device, data.data(), count, answer.data(), answer.size(), &words);
        std::printf("%d %" PRId64 " %" PRIu32 " %zu", result, interrupts(device, port),
                    tospike_class(&device, answer.data(), words), words);
        for (size_t n = 0; n < words; n++) std::printf(" %" PRId32, answer[n]);
        std::printf("\n");
    }
    for (uint32_t n = 0; n < design.counters; n++) {
        uint32_t value = 0;
        if (tospike_counter(&device, n, &value) != TOSPIKE_OK) return 1;
        std::printf("%" PRIu32 " ", value);
    }
    std::printf("\n");
    port.dut.final();
}
