"""What to look at in a waveform: its signals in groups by engine, as save files of GTKWave and Surfer."""
