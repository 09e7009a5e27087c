"""Nothing that we started outlives us, and nothing that we made for the time being stays."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tospike.gen.emit.bare import generate_component
from tospike.gen.tools import programs as tools
from tospike.hw.accelerator import make_engine
from tospike.hw.params import SpikingParams
from tospike.hw.spiking.layout import memories

# answers as Yosys does when asked for its version; whatever else it is asked, a child of its own keeps it waiting
HANGS = """\
#!/bin/sh
[ "$1" = -V ] && [ ! "$HANG_AT_ONCE" ] && { echo "Yosys 0.66"; exit; }
sleep 1000 &
echo $! > "$SLEEPER"
wait
"""


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition):
    while not condition():
        time.sleep(0.02)


@pytest.fixture
def hanging_yosys(tmp_path):
    program = tmp_path / "bin" / "yosys"
    program.parent.mkdir()
    program.write_text(HANGS)
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", "SLEEPER": str(tmp_path / "sleeper")}


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 2)], ids=lambda n: str(int(n))
)
def test_signals_end_all_that_was_started(tmp_path, hanging_yosys, number, status):
    engine = SpikingParams(inputs=2, neurons=2)
    core = make_engine(engine, {shape.name: () for shape in memories(engine)}, 0)
    design, cache, temporary = tmp_path / "design", tmp_path / "cache", tmp_path / "tmp"
    generate_component(design, kind="spiking-core", component=core, name="core", params=engine, choices={})
    temporary.mkdir()
    environment = {**os.environ, **hanging_yosys, "TOSPIKE_CACHE": str(cache), "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-m", "tospike", "synth", "design"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # ignored where the tests run in background, or by nohup
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as process:
        sleeper = tmp_path / "sleeper"
        wait_for(lambda: process.poll() is not None or (sleeper.is_file() and sleeper.read_text().endswith("\n")))
        process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == status, said
    assert said.decode().splitlines()[-1].endswith("nothing was left half-written")
    assert b"Traceback" not in said
    wait_for(lambda: not is_running(int(sleeper.read_text())))
    assert not any((cache / "netlist").iterdir()) and not any(temporary.iterdir())


def test_a_tool_that_hangs_is_ended_with_what_it_started(monkeypatch, hanging_yosys):
    for name, value in {**hanging_yosys, "HANG_AT_ONCE": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tools, "VERSION_SECONDS", 0.5)
    tool, _ = tools.look("yosys")
    assert tool is None or tool.source == "wheel"
    sleeper = Path(hanging_yosys["SLEEPER"])
    assert sleeper.is_file()
    wait_for(lambda: not is_running(int(sleeper.read_text())))


def test_threads_do_not_keep_who_is_stopped(tmp_path):
    """Of two threads with a program and a folder each; a signal that comes while a program is started is not lost."""
    script = textwrap.dedent("""
        import os, signal, sys, threading
        from tospike.gen.tools.children import Stopped, end_all, started, stop_on_signals, temporary_folder

        def work(tell):
            with temporary_folder() as folder, started(["sleep", "1000"], cwd=folder) as process:
                tell.append(process.pid)
                process.wait()

        stop_on_signals()
        pids = []
        for _ in range(2):
            threading.Thread(target=work, args=(pids,)).start()
        while len(pids) < 2:
            pass
        try:
            print(*pids, flush=True)
            while True:
                with started(["true"]) as process:
                    process.wait()
        except Stopped:
            end_all()
            os._exit(0)
    """)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(temporary)}, stdout=subprocess.PIPE
    ) as process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        process.terminate()
        assert process.wait() == 0
    assert not any(temporary.iterdir())
    wait_for(lambda: not any(map(is_running, pids)))
