// Send samples to an accelerator one at a time, or back to back, and record the outputs and the cycles of each.
//
// No Python runs during simulation. Compile with +define+DUT=<module>; run with
//   +beats=FILE     one beat per line in hexadecimal: {tlast, tdata}; tlast ends a sample
//   +results=FILE   one line per output beat: tdata in hexadecimal; after each sample "cycles N";
//                   at the end one line "counter N" per counter, in the order of their registers
//   +counters=N     number of counters to read
//   +stream=1       send the samples back to back: cycles count from the first beat of the first sample
//   +limit=N        stop after N cycles in which neither a sample nor a register read finishes, and write "timeout"
//
// A sample starts when STATUS reports an idle accelerator, so its cycles are those of a lone sample; so does a stream.
//
// tdata has 32 bits unless set by +define+INPUT_BITS=N +define+OUTPUT_BITS=N.
//
// With +define+WEIGHT_BEATS=N the design takes the weights of each frame from a stream: N words of WEIGHT_BITS in
// weights.hex.

`timescale 1ns / 1ps

`ifndef INPUT_BITS
`define INPUT_BITS 32
`define OUTPUT_BITS 32
`endif

`ifdef VERILATOR
module tospike_replay (
    input clk  // from replay.cpp: generating it here would need coroutines, which are slow
);
`else
module tospike_replay;
  reg clk = 0;
  always #5 clk = ~clk;
`endif

  localparam STATUS = 12'h014, COUNTER = 12'h040;
  localparam RESET = 0, POLL = 1, PLAY = 2, COUNT = 3;

  integer beats, results, counters, stream, got;
  integer pending = 0;  // samples sent and not answered
  reg [63:0] limit;
  reg [1023:0] beats_name, results_name;
  initial begin
    if (!$value$plusargs("beats=%s", beats_name)) $finish;
    if (!$value$plusargs("results=%s", results_name)) $finish;
    if (!$value$plusargs("counters=%d", counters)) counters = 0;
    if (!$value$plusargs("stream=%d", stream)) stream = 0;
    if (!$value$plusargs("limit=%d", limit)) limit = 10000000;
    beats = $fopen(beats_name, "r");
    results = $fopen(results_name, "w");
  end

  reg         rst = 1;
  reg  [ 1:0] state = RESET;
  reg  [`INPUT_BITS:0] beat = 0;
  reg  [`INPUT_BITS:0] next;
  reg         valid = 0;
  reg  [63:0] cycles = 0;
  reg  [63:0] waited = 0;  // cycles since a sample or a register read finished
  reg sent = 0;  // the last beat of the sample was taken
  reg answered = 0;  // the last beat of its output was received
  reg         running = 0;
  reg  [11:0] address = STATUS;
  reg         asking = 0;
  wire        in_ready, out_valid, out_last, ask_ready, answer_valid;
  wire [`OUTPUT_BITS-1:0] out_data;
  wire [31:0] answer;

`ifdef WEIGHT_BEATS  // the weights of a frame, repeated for every frame
  reg [`WEIGHT_BITS-1:0] weights[0:`WEIGHT_BEATS-1];
  integer weight = 0;
  wire weight_ready;
  initial $readmemh("weights.hex", weights);
  always @(posedge clk) if (weight_ready && !rst) weight <= weight == `WEIGHT_BEATS - 1 ? 0 : weight + 1;
`else
  wire weight_ready = 0;
`endif

  `DUT dut (
`ifdef WEIGHT_BEATS
      .s_axis_weights_tdata(weights[weight]), .s_axis_weights_tlast(weight == `WEIGHT_BEATS - 1),
      .s_axis_weights_tvalid(1'b1), .s_axis_weights_tready(weight_ready),
`endif
      .clk(clk), .rst(rst),
      .s_axis_tdata(beat[`INPUT_BITS-1:0]), .s_axis_tlast(beat[`INPUT_BITS]), .s_axis_tvalid(valid), .s_axis_tready(in_ready),
      .m_axis_tdata(out_data), .m_axis_tlast(out_last), .m_axis_tvalid(out_valid), .m_axis_tready(1'b1),
      .s_axi_awaddr(12'h0), .s_axi_awprot(3'h0), .s_axi_awvalid(1'b0), .s_axi_awready(),
      .s_axi_wdata(32'h0), .s_axi_wstrb(4'h0), .s_axi_wvalid(1'b0), .s_axi_wready(),
      .s_axi_bresp(), .s_axi_bvalid(), .s_axi_bready(1'b1),
      .s_axi_araddr(address), .s_axi_arprot(3'h0), .s_axi_arvalid(asking), .s_axi_arready(ask_ready),
      .s_axi_rdata(answer), .s_axi_rresp(), .s_axi_rvalid(answer_valid), .s_axi_rready(1'b1)
  );

  task fetch;  // read the next beat, if there is one
    begin
      got = $fscanf(beats, "%h", next);
      beat <= next;
      valid <= got == 1;
    end
  endtask

  always @(posedge clk) begin
    if (asking && ask_ready) asking <= 0;
    if (running || (valid && in_ready && !answered)) cycles <= cycles + 1;
    waited <= answer_valid && state != POLL || state == PLAY && out_valid && out_last ? 0 : waited + 1;
    if (waited > limit) begin
      $fwrite(results, "timeout\n");
      $finish;
    end

    case (state)
      RESET: begin
        cycles <= cycles + 1;
        if (cycles == 3) begin
          rst <= 0;
          cycles <= 0;
          asking <= 1;
          state <= POLL;
        end
      end
      POLL:  // until the accelerator is idle and requests no more weights
      if (answer_valid) begin
        if (answer[0] || weight_ready) asking <= 1;
        else begin
          fetch;
          state <= PLAY;
        end
      end
      PLAY: begin
        if (!valid && (stream != 0 ? pending == 0 : !running)) begin  // no samples left
          address <= COUNTER;
          asking <= counters > 0;
          state <= COUNT;
        end
        if (valid && in_ready) begin
          running <= !answered;
          if (beat[`INPUT_BITS] && stream == 0) valid <= 0;
          else fetch;
        end
        if (out_valid) begin
          $fwrite(results, "%h\n", out_data);
          if (out_last) begin
            $fwrite(results, "cycles %0d\n", cycles + 1);
            if (stream == 0) begin
              cycles <= 0;
              running <= 0;
            end
          end
        end
        // an answer may leave before its sample's last beat is taken
        pending <= pending + (valid && in_ready && beat[`INPUT_BITS]) - (out_valid && out_last);
        // the output may be complete before the sample's last beat is taken
        sent <= sent || (valid && in_ready && beat[`INPUT_BITS]);
        answered <= stream == 0 && (answered || (out_valid && out_last));
        if (stream == 0 && (sent || (valid && in_ready && beat[`INPUT_BITS])) && (answered || (out_valid && out_last))) begin
          sent <= 0;
          answered <= 0;
          asking <= 1;
          state <= POLL;
        end
      end
      COUNT: begin
        if (answer_valid) begin
          $fwrite(results, "counter %0d\n", answer);
          counters = counters - 1;
          address <= address + 4;
          asking <= counters > 0;
        end
        if (counters == 0) begin
          $fclose(results);
          $finish;
        end
      end
    endcase
  end
endmodule
