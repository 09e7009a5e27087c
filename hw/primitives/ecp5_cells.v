// Simulation models of the ECP5 primitives that the generated Verilog instantiates, limited to the features that it uses.
// For simulators only: synthesis tools bring these modules along.

// 18 x 18 bit multiplier. Registers: operands (together) and product, each on CLK0 or absent.
module MULT18X18D (
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input CLK0, CE0, RST0,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
    output P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
  parameter REG_INPUTA_CLK = "NONE";
  parameter REG_INPUTB_CLK = "NONE";
  parameter REG_OUTPUT_CLK = "NONE";

  wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
  wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
  reg [17:0] a_register = 0, b_register = 0;
  reg [35:0] p_register = 0;
  wire [17:0] a_used = REG_INPUTA_CLK == "CLK0" ? a_register : a;
  wire [17:0] b_used = REG_INPUTB_CLK == "CLK0" ? b_register : b;
  wire signed [35:0] a_wide = {{18{SIGNEDA & a_used[17]}}, a_used};
  wire signed [35:0] b_wide = {{18{SIGNEDB & b_used[17]}}, b_used};
  wire [35:0] product = a_wide * b_wide;

  always @(posedge CLK0)
    if (RST0) begin
      a_register <= 0;
      b_register <= 0;
      p_register <= 0;
    end else if (CE0) begin
      a_register <= a;
      b_register <= b;
      p_register <= product;
    end

  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
          P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} =
      REG_OUTPUT_CLK == "CLK0" ? p_register : product;
endmodule

// Two bits of a carry chain. Each half: a table of A, B, C, D propagates the carry, or else its lowest four entries
// (A and B) are the carry. Tables are trees of multiplexers: where an unknown input makes no difference, as that of
// an accumulator that restarts, the output is known.
module CCU2C (
    input CIN, A0, B0, C0, D0, A1, B1, C1, D1,
    output S0, S1, COUT
);
  parameter [15:0] INIT0 = 0;
  parameter [15:0] INIT1 = 0;
  parameter INJECT1_0 = "NO";
  parameter INJECT1_1 = "NO";

  function lut2(input [3:0] entries, input a, b);
    lut2 = b ? (a ? entries[3] : entries[2]) : (a ? entries[1] : entries[0]);
  endfunction
  function lut4(input [15:0] entries, input a, b, c, d);
    lut4 = d ? (c ? lut2(entries[15:12], a, b) : lut2(entries[11:8], a, b))
             : (c ? lut2(entries[7:4], a, b) : lut2(entries[3:0], a, b));
  endfunction

  wire propagate0 = lut4(INIT0, A0, B0, C0, D0);
  wire propagate1 = lut4(INIT1, A1, B1, C1, D1);
  wire carry = propagate0 ? CIN : lut2(INIT0[3:0], A0, B0);
  assign S0 = propagate0 ^ CIN;
  assign S1 = propagate1 ^ carry;
  assign COUT = propagate1 ? carry : lut2(INIT1[3:0], A1, B1);
endmodule

// Flip-flop with synchronous reset to 0.
module TRELLIS_FF (
    input CLK, LSR, DI,
    output reg Q
);
  parameter GSR = "ENABLED";
  parameter CEMUX = "1";
  parameter CLKMUX = "CLK";
  parameter LSRMUX = "LSR";
  parameter REGSET = "RESET";
  parameter SRMODE = "LSR_OVER_CE";

  initial Q = 0;
  always @(posedge CLK) Q <= LSR ? 1'b0 : DI;
endmodule
