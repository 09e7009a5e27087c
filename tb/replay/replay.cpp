// Drives the clock of replay.sv under Verilator.

#include "Vreplay.h"
#include "verilated.h"

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vreplay bench{&context};
    while (!context.gotFinish()) {
        context.timeInc(1);
        bench.clk = !bench.clk;
        bench.eval();
    }
    bench.final();
}
