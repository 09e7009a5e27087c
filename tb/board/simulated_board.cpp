// A board's bridge and accelerator, their bytes by pipe. Each order on stdin is three numbers of 4 bytes: cycles to go on
// for, whether the board is powered up anew before, and how many bytes follow. The answer is how many bytes came, and
// these. A byte passes each way in every tenth cycle, at most.

#include <cstdint>
#include <cstdio>
#include <deque>
#include <vector>

#include "Vboard.h"
#include "verilated.h"

// Verilator writes the second underscore of i__valid and its like as __05F.

static const unsigned BYTE_CYCLES = 10;

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vboard board{&context};
    std::deque<uint8_t> sent;
    std::vector<uint8_t> got, buffer;
    uint32_t order[3];
    auto cycle = [&] {
        board.clk = 0;
        board.eval();
        board.clk = 1;
        board.eval();
    };
    while (fread(order, sizeof order, 1, stdin) == 1) {
        buffer.resize(order[2]);
        if (order[2] && fread(buffer.data(), order[2], 1, stdin) != 1) return 1;
        if (order[1]) {
            sent.clear();
            board.i___05Fvalid = 0;
            board.o___05Fready = 0;
            board.rst = 1;
            cycle();
            board.rst = 0;
        }
        sent.insert(sent.end(), buffer.begin(), buffer.end());
        got.clear();
        for (uint32_t n = 0; n < order[0]; n++) {
            board.i___05Fvalid = n % BYTE_CYCLES == 0 && !sent.empty();
            if (board.i___05Fvalid) board.i___05Fpayload = sent.front();
            board.o___05Fready = n % BYTE_CYCLES == 0;
            board.eval();
            if (board.i___05Fvalid && board.i___05Fready) sent.pop_front();
            if (board.o___05Fvalid && board.o___05Fready) got.push_back(board.o___05Fpayload);
            cycle();
        }
        uint32_t size = got.size();
        fwrite(&size, sizeof size, 1, stdout);
        fwrite(got.data(), 1, size, stdout);
        fflush(stdout);
    }
    board.final();
}
