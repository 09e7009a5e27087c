"""Exact timing of `tospike.hw.window.windows.Windows`, a pixel's word after the other."""

from collections import deque
from dataclasses import dataclass, field

from tospike.hw.params import ImageWindow
from tospike.sim.dataflow.stage import BEFORE, Stage


@dataclass(kw_only=True, eq=False)
class Windows:
    """Takes the words of images, and issues those of each window as soon as its last pixel is there."""

    window: ImageWindow
    words: int
    """Words of a window that each group of neurons reads."""
    groups: int
    results: Stage
    needs: list[int] = field(init=False)
    """The last pixel of the image under each window."""
    releases: list[int] = field(init=False)
    """The rows of the image that no later window needs, after each row of windows."""
    free: deque[int] = field(init=False)
    """When each next row of the ring was released."""
    issued: int = BEFORE
    """When the last word was issued."""
    word: int = 0
    """Of the image."""
    done: int = 0
    """Windows of the image that were issued."""
    kept: int = 0
    """The first row of the image that was not released."""

    def __post_init__(self) -> None:
        window = self.window
        height, width = window.shape[1:]
        rows, columns = window.size
        lasts = [
            min(across * window.stride[1] - window.padding[1] + window.kernel[1], width) - 1
            for across in range(columns)
        ]
        self.needs = [window.last_row(down) * width + last for down in range(rows) for last in lasts]
        self.releases = [*(window.oldest_row(down) for down in range(1, rows)), height]
        self.free = deque([BEFORE] * window.ring)

    def take(self, offer: int) -> int:
        """Take a word; the first one of a row no earlier than the row's place in the ring was released."""
        window = self.window
        taken = offer if self.word % window.row_words else max(offer, self.free.popleft() + 1)
        self.word += 1
        pixels = self.word // window.pixel_words  # complete
        while self.done < window.positions and self.needs[self.done] < pixels:
            self._issue(taken + 1)
        if pixels == window.shape[1] * window.shape[2]:
            self.word = self.done = self.kept = 0
        return taken

    def _issue(self, offer: int) -> None:
        """Issue a window, group after group."""
        self.issued = self.results.take(max(offer, self.issued + 1) + self.words - 1)
        for _ in range(1, self.groups):
            self.issued = self.results.take(self.issued + self.words)
        self.done += 1
        row, across = divmod(self.done, self.window.size[1])
        if not across:
            released = self.releases[row - 1]
            self.free.extend([self.issued] * (released - self.kept))
            self.kept = released
