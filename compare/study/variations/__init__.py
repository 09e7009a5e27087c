"""The networks of a study changed: bits and time steps, one parameter at a time, a bit-matched QNN, an exact pair."""
