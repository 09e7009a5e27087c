"""The host's driver against lines on which there is no board of ours, or none that works."""

import random

import pytest

from tospike.gen.emit.beats import Beat
from tospike.hw.host.protocol import LENGTHS, Request, Status
from tospike.tb.board.framing import Deframer, Packet
from tospike.tb.board.serial_host import TRIES, NoAnswerError, SerialHost


class FakeLine:
    """What ``answer`` makes of what was sent; ``receive`` takes a hundredth of a second."""

    seconds_per_byte = 1e-5

    def __init__(self, answer):
        self._answer = answer
        self._now, self._sent, self.writes = 0.0, b"", 0

    def send(self, data):
        self._sent += data
        self.writes += 1

    def receive(self):
        self._now += 0.01
        sent, self._sent = self._sent, b""
        return self._answer(sent)

    def time(self):
        return self._now


class Model:
    """A board, packet by packet: registers read as their address; each sample is answered with its number of beats."""

    def __init__(self, *, pulls=None, garble=lambda packet: packet):
        self._deframer, self._garble = Deframer(), garble
        self._pulls = pulls
        self.requests = []
        self._last, self._stored, self._beats = None, None, 0

    def __call__(self, data):
        return b"".join(map(self._respond, self._deframer.feed(data)))

    def _respond(self, packet):
        self.requests.append(packet)
        if packet.kind == Request.RESET or packet.number == (self._last + 1) % 256:
            self._last = packet.number
            kind, payload = self._do(packet)
            self._stored = Packet(number=packet.number, kind=kind, payload=payload)
        elif packet.number != self._last:
            return b""
        return self._garble(self._stored).to_bytes()

    def _do(self, packet):
        if packet.kind == Request.RESET:
            return Status.DONE, packet.payload
        if packet.kind == Request.READ:
            is_there = packet.payload != b"\xfc\x0f"
            return (Status.DONE, packet.payload * 2) if is_there else (Status.REFUSED, b"")
        if packet.kind in (Request.PULL, Request.RESUME):
            if self._pulls:
                return self._pulls(self)
            beats, self._beats = self._beats, 0
            return Status.LAST, beats.to_bytes(4, "little")
        self._beats += len(packet.payload) // 4
        return Status.DONE, b""


def host_on(answer, **options):
    line = FakeLine(answer)
    return SerialHost(line, "the line", rng=random.Random(1), **options), line


def sample(size):
    return [Beat(data=number, last=number == size - 1) for number in range(size)]


NOISE = random.Random(1)
NMEA = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"
NO_BOARDS = {
    "silence": (lambda sent: b"", "does not answer: is the bitstream loaded, and this its --baud?"),
    "noise": (lambda sent: NOISE.randbytes(5000), "sends bytes, but no answers: is this the board"),
    "zeros": (lambda sent: bytes(100), "sends bytes, but no answers"),
    "flags": (lambda sent: b"\x7e" * 100, "sends bytes, but no answers"),
    "escapes": (lambda sent: b"\x7d" * 100, "sends bytes, but no answers"),
    "a receiver of satellites": (lambda sent: NMEA, "sends bytes, but no answers: is this the board"),
    "an echo": (lambda sent: sent, "echoes what it gets"),
    "another protocol with our frames": (
        lambda sent: Packet(number=random.Random(len(sent)).randrange(256), kind=1, payload=b"hello").to_bytes() * 9,
        "sends bytes, but no answers",
    ),
    "answers to somebody else": (
        lambda sent: b"".join(Packet(number=n, kind=Status.DONE, payload=b"1234").to_bytes() for n in range(256)),
        "sends bytes, but no answers",
    ),
    "a letter for a letter": (lambda sent: bytes(byte ^ 0xFF for byte in sent), "sends bytes, but no answers"),
}


@pytest.mark.parametrize("name", NO_BOARDS)
def test_what_is_no_board_of_ours_is_told_in_bounded_time(name):
    answer, message = NO_BOARDS[name]
    host, line = host_on(answer, timeout=2.0)
    with pytest.raises(NoAnswerError, match=message) as error:
        host.reset()
    assert "\n" not in str(error.value)
    assert 2 <= line.time() < 4 and line.writes == TRIES


@pytest.mark.parametrize("timeout", [0.1, 10.0])
def test_the_time_is_what_was_asked_for(timeout):
    host, line = host_on(lambda sent: b"", timeout=timeout)
    with pytest.raises(NoAnswerError):
        host.reset()
    assert timeout <= line.time() < 2 * timeout + 1


def test_samples_are_sent_ahead_and_answered():
    model = Model()
    host, line = host_on(model)
    host.reset()
    assert host.read(0x24) == 0x240024
    for size in (1, 16, 17, 100, 1000):
        assert host.run(sample(size)) == [size]
    assert len(model.requests) == 2 + (1 + 1 + 2 + 7 + 63) + 5  # none was sent twice
    assert line.time() < 0.5


def test_a_board_that_stops_is_told():
    host, line = host_on(model := Model())
    host.reset()
    line._answer = lambda sent: b""
    with pytest.raises(NoAnswerError, match="the line stopped answering: is the board still connected"):
        host.run(sample(1000))
    line._answer = model
    host.reset()
    assert host.run(sample(20)) == [20]


def test_half_of_what_passes_lost():
    rng = random.Random(2)
    model = Model()
    host, _ = host_on(lambda sent: model(sent) if rng.random() < 0.5 else b"")
    host.reset()
    assert [host.run(sample(size)) for size in (3, 40, 300)] == [[3], [40], [300]]


def test_a_board_that_answers_without_end():
    """An accelerator that goes on and on, one that gives nothing, and one whose samples come out in pieces."""
    host, _ = host_on(Model(pulls=lambda board: (Status.DONE, bytes(64))))
    host.reset()
    with pytest.raises(NoAnswerError, match="the line answers a sample with more than 40 words"):
        host.run(sample(3), words=40)
    host, line = host_on(Model(pulls=lambda board: (Status.DONE, b"")))
    host.reset()
    with pytest.raises(NoAnswerError, match="its accelerator sent nothing in 5 s: give more --timeout"):
        host.run(sample(3), seconds=3.0)
    assert line.time() > 5
    pieces = iter([(Status.DONE, b""), (Status.DONE, bytes(64)), (Status.DONE, b""), (Status.LAST, bytes(8))])
    host, _ = host_on(Model(pulls=lambda board: next(pieces)))
    host.reset()
    assert host.run(sample(3), words=18) == [0] * 18


def test_answers_that_are_none_of_ours():
    host, _ = host_on(Model())
    host.reset()
    with pytest.raises(NoAnswerError, match="the line cannot read register 0xffc: is it a board of tospike"):
        host.read(0xFFC)
    short = Model(garble=lambda packet: Packet(number=packet.number, kind=packet.kind, payload=packet.payload[:3]))
    host, _ = host_on(short)
    with pytest.raises(NoAnswerError, match="sends bytes, but no answers"):  # the token is not the one sent
        host.reset()


def test_numbers_wrap():
    host, _ = host_on(Model())
    host.reset()
    assert [host.read(n % 4096) for n in range(600)] == [n % 4096 * 0x10001 for n in range(600)]
    assert set(LENGTHS) | {Request.PUSH, Request.PUSH_LAST} == set(Request)
