// Simulation model of the iCE40 UltraPlus primitive that the generated Verilog instantiates, limited to the features that it uses.
// For simulators only: synthesis tools bring this module along.

// 16 x 16 bit multiplier, signed, with all its pipeline registers, and a 32-bit adder and register O:
// O <= OLOAD ? {C, D} : product + (UPPERINPUT ? {C, D} : O).
module SB_MAC16 (
    input CLK, CE,
    input [15:0] C, A, B, D,
    input OLOADTOP, OLOADBOT,
    output [31:0] O
);
  parameter A_REG = 0;
  parameter B_REG = 0;
  parameter TOP_8x8_MULT_REG = 0;
  parameter BOT_8x8_MULT_REG = 0;
  parameter PIPELINE_16x16_MULT_REG1 = 0;
  parameter PIPELINE_16x16_MULT_REG2 = 0;
  parameter TOPOUTPUT_SELECT = 0;
  parameter TOPADDSUB_LOWERINPUT = 0;
  parameter TOPADDSUB_UPPERINPUT = 0;
  parameter TOPADDSUB_CARRYSELECT = 0;
  parameter BOTOUTPUT_SELECT = 0;
  parameter BOTADDSUB_LOWERINPUT = 0;
  parameter BOTADDSUB_UPPERINPUT = 0;
  parameter BOTADDSUB_CARRYSELECT = 0;
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;

  reg signed [15:0] a = 0, b = 0;
  reg [31:0] partial = 0, product = 0, sum = 0;
  wire signed [31:0] a_wide = a, b_wide = b;
  wire [31:0] addend = TOPADDSUB_UPPERINPUT ? {C, D} : sum;

  always @(posedge CLK)
    if (CE) begin
      a <= A;
      b <= B;
      partial <= a_wide * b_wide;
      product <= partial;
      sum[31:16] <= OLOADTOP ? C : (product + addend) >> 16;
      sum[15:0] <= OLOADBOT ? D : product + addend;
    end
  assign O = sum;

  initial
    if (!(A_REG && B_REG && TOP_8x8_MULT_REG && BOT_8x8_MULT_REG && PIPELINE_16x16_MULT_REG1
          && PIPELINE_16x16_MULT_REG2 && A_SIGNED && B_SIGNED && TOPOUTPUT_SELECT == 1 && BOTOUTPUT_SELECT == 1
          && TOPADDSUB_LOWERINPUT == 2 && BOTADDSUB_LOWERINPUT == 2 && TOPADDSUB_CARRYSELECT == 2
          && BOTADDSUB_CARRYSELECT == 0 && TOPADDSUB_UPPERINPUT == BOTADDSUB_UPPERINPUT)) begin
      $display("SB_MAC16: this mode is not modelled");
      $finish;
    end
endmodule
