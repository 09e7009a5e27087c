"""Upper bounds on what a file or an option may ask for, so that a small file never causes unbounded work.

All of them lie far above what fits the chips that this generator targets. A request that exceeds one is refused by
name before anything is allocated.
"""

FILE_BYTES = 1 << 31
"""Bytes of a file that is read whole, or of a file after decompression."""
TEXT_BYTES = 1 << 20
"""Bytes of a text file written by hand: a technology."""
LIBERTY_BYTES = 1 << 28
"""Bytes of a standard-cell library, decompressed."""
MODEL_BYTES = 1 << 30
"""Bytes of all tensors of a model."""
DATA_BYTES = 1 << 31
"""Bytes of all arrays of a data set, and of each array in the form that the network takes."""
SAMPLES = 1 << 24
"""Samples of a data set."""
EVENTS = 1 << 26
"""Events in all recordings of a data set."""
ARRAYS = 1 << 10
"""Arrays in an npz file."""
SAMPLE_VALUES = 1 << 22
"""Values of one sample, and of one stage's input or output, padding included: the addresses of a link."""
STAGE_OPERATIONS = 1 << 34
"""Multiplications, additions or comparisons of one stage for one sample."""
FOLDED_VALUES = 1 << 27
"""Input and output values of all constant nodes of a model, and multiplications of a matrix product among them."""
GRAPH_OBJECTS = 1 << 14
"""Groups, data sets and strings in a NIR file."""
GRAPH_DEPTH = 32
"""Nesting depth of groups in a NIR file."""
LAYER_WEIGHTS = 1 << 24
"""Weights of one layer on an engine."""
PORT_BITS = 1 << 16
"""Bits of all ports of a module, for synthesis."""
