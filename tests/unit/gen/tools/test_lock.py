"""What many want at once is made once: results of the cache, and WebAssembly programs in their first call."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tospike.gen.tools.cache import Cache
from tospike.gen.tools.first_use import FirstUse, yowasp_marker
from tospike.gen.tools.lock import locked
from tospike.gen.tools.programs import SPECS, look
from tospike.gen.tools.tool import Tool, ToolError

AT_ONCE = 6


def at_once(work):
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [job.result() for job in [threads.submit(work) for _ in range(AT_ONCE)]]


def test_one_holder_at_a_time(tmp_path):
    inside, most = [], []

    def work():
        with locked(tmp_path / "a" / "lock"):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    at_once(work)
    assert most == [1] * AT_ONCE
    assert not list((tmp_path / "a").iterdir())


def test_a_lock_is_free_once_its_process_was_killed(tmp_path):
    code = "import sys, time\nfrom pathlib import Path\nfrom tospike.gen.tools.lock import locked\n"
    code += "with locked(Path(sys.argv[1])):\n    print(flush=True)\n    time.sleep(1000)"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "lock")], stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        holder.kill()
    with locked(tmp_path / "lock"):
        pass


def test_who_waits_ends_with_its_process(tmp_path):
    code = """if True:
        import sys, threading
        from pathlib import Path
        from tospike.gen.tools.children import Stopped, end_all
        from tospike.gen.tools.lock import locked

        def wait():
            try:
                with locked(Path(sys.argv[1])):
                    print("not")
            except Stopped:
                print("stopped")

        thread = threading.Thread(target=wait)
        thread.start()
        end_all()
        thread.join()
    """
    with locked(tmp_path / "lock"):
        ended = subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], capture_output=True, text=True)
    assert ended.stdout.strip() == "stopped", ended.stderr


def test_a_result_is_made_once(tmp_path):
    made = []

    def make(entry):
        made.append(threading.get_ident())
        time.sleep(0.05)
        (entry / "result").write_text("5")

    entries = at_once(lambda: Cache(root=tmp_path).build("kind", "key", make))
    assert len(made) == 1
    assert {(entry / "result").read_text() for entry in entries} == {"5"}
    assert sorted(path.name for path in (tmp_path / "kind").iterdir()) == ["key"]


def program(tmp_path, *, marker):
    """Return a tool that keeps a list of its calls."""
    script = tmp_path / "program"
    script.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/calls\nsleep 0.05\n')
    script.chmod(0o755)
    first_use = FirstUse(marker=marker, args=("--version",))
    return Tool(name="yosys", version="1", source="wheel", release="y 1", command=(str(script),), first_use=first_use)


def test_the_first_call_is_made_once(tmp_path):
    tool = program(tmp_path, marker=tmp_path / "cache" / "marker")
    at_once(lambda: tool.run(("work",), cwd=tmp_path, log=tmp_path / f"log{threading.get_ident()}"))
    tool.prepare()
    assert (tmp_path / "calls").read_text().split() == ["--version"] + ["work"] * AT_ONCE
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["marker"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "cache").write_text("a file, not a folder")
    tool = program(tmp_path, marker=tmp_path / "cache" / "marker")
    with pytest.raises(ToolError, match=r"compiles itself in its first call, but cannot write to .*cache: .*YOWASP_"):
        tool.prepare()


def test_programs_of_yowasp_have_a_first_call(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("YOWASP_CACHE_DIR", str(tmp_path / "compiled"))
    tool, _ = look("yosys")
    assert tool.first_use.marker.parent == tmp_path / "compiled" / "tospike"
    assert tool.first_use.marker.name == f"yosys {tool.release.split()[1]}"
    assert tool.first_use.args == SPECS["yosys"].version_args
    assert yowasp_marker("a", "1") != yowasp_marker("a", "2")
    assert look("verilator")[0].first_use is None
