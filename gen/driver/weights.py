"""Write a network's weights as C arrays, for designs whose memories software may write."""

from collections.abc import Mapping, Sequence

from tospike.gen.driver.interface import Interface, comment, macro_name
from tospike.hw.layout import config_writes
from tospike.hw.params import WORD_BITS

_PER_LINE = 10


def weights_header(
    interface: Interface, contents: Sequence[Mapping[str, Sequence[int]]], *, name: str, origin: Sequence[str]
) -> str:
    """Return ``weights.h``: the memories of a network, for ``tospike_load_all`` of the driver.

    Parameters
    ----------
    contents
        The words of each engine's memories, by name.
    name
        Of the network: it is the prefix, so that a program can include several networks of one design.
    origin
        Lines at the top.
    """
    prefix = macro_name(name)
    lines = ["/*", *(f" * {comment(line)}".rstrip() for line in origin), " */", f"#ifndef {prefix}_WEIGHTS_H"]
    lines += [f"#define {prefix}_WEIGHTS_H", "", '#include "tospike.h"', ""]
    entries = []
    for region in interface.regions:
        words = contents[region.engine][region.shape.name]
        array = f"{prefix}_REGION_{region.engine}_{macro_name(region.shape.name)}"
        chunks = [f"0x{data:0{WORD_BITS // 4}x}u" for _, data in config_writes(region.shape, words)]
        rows = [", ".join(chunks[first : first + _PER_LINE]) for first in range(0, len(chunks), _PER_LINE)]
        lines += [f"static const uint32_t {array}[] = {{", *(f"  {row}," for row in rows), "};"]
        shape = (region.number, region.shape.width, region.shape.depth)
        entries.append(f"  {{{{{', '.join(f'{n}u' for n in shape)}}}, {array}, {len(words)}u}},")
    lines += ["", f"static const struct tospike_contents {prefix}_CONTENTS[] = {{", *entries, "};"]
    lines += [f"#define {prefix}_CONTENTS_COUNT {len(entries)}u", "", f"#endif /* {prefix}_WEIGHTS_H */", ""]
    return "\n".join(lines)
