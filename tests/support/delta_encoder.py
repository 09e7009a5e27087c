"""The delta encoder against its golden model."""

from support.stream_bench import check_encoder_engine, frame_tokens, train_tokens

from tospike.hw.encoders.delta import DeltaEncoder
from tospike.hw.encoders.layout import delta_counter_names
from tospike.sim.encoders.encoder import run_delta


def check_encoder(params, x, stall):
    golden = run_delta(params, x)
    sent = frame_tokens(x.reshape(-1, params.inputs))
    expected = [token for train in golden.sent for token in train_tokens(train)]
    names = delta_counter_names(params)
    check_encoder_engine(DeltaEncoder(params), sent, expected, names, golden, stall=stall)
