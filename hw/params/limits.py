"""How much a file or an option may ask for, so that a small file never makes unbounded work.

All of them lie far above what fits the chips that this generator is for; what is beyond is refused by name before
anything is allocated.
"""

FILE_BYTES = 1 << 31
"""A file that is read whole; also a file that is unpacked."""
TEXT_BYTES = 1 << 20
"""A text that a person writes: a technology."""
LIBERTY_BYTES = 1 << 28
"""A library of standard cells, unpacked."""
MODEL_BYTES = 1 << 30
"""All tensors of a model."""
DATA_BYTES = 1 << 31
"""All arrays of a data set, and each as the network gets it."""
SAMPLES = 1 << 24
"""Of a data set."""
EVENTS = 1 << 26
"""Of all recordings of a data set."""
ARRAYS = 1 << 10
"""In an npz file."""
SAMPLE_VALUES = 1 << 22
"""Of one sample, and of what one stage takes or sends, padding included: the addresses of a link."""
STAGE_OPERATIONS = 1 << 34
"""Multiplications, additions or comparisons of one stage for one sample."""
FOLDED_VALUES = 1 << 27
"""Values that all constant nodes of a model take and give, and multiplications of a matrix product."""
GRAPH_OBJECTS = 1 << 14
"""Groups and data sets of a NIR file, and texts in it."""
GRAPH_DEPTH = 32
"""Of groups within groups."""
LAYER_WEIGHTS = 1 << 22
"""Of one layer on an engine."""
PORT_BITS = 1 << 16
"""Of all ports of a module, for synthesis."""
