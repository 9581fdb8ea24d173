"""A pytest plugin: writes what becomes of each test, chooses tests, names the libzmq at work.

Invariant: every line is on the disk before the next thing happens, so that what was running when
the process died is known. Lines are fields between tabs:

    start TEST              it begins
    passed|failed|skipped TEST SECONDS REASON
    library FILE            a libzmq that is mapped
    version TEXT            what the library that answers says it is
    end STATUS              pytest is done
"""

import os

LOG = os.environ["OUTCOMES_LOG"]
# Files of test names, a line each: run only these; leave these out.
ONLY = os.environ.get("OUTCOMES_ONLY")
EXCEPT = os.environ.get("OUTCOMES_EXCEPT")

_seen = {}


def _write(*fields):
    line = "\t".join(" ".join(str(field).split()) for field in fields)
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(line + "\n")


def _names(file):
    with open(file, encoding="utf-8") as names:
        return {line.rstrip("\n") for line in names}


def pytest_collection_modifyitems(config, items):
    wanted = list(items)
    if ONLY:
        only = _names(ONLY)
        wanted = [item for item in wanted if item.nodeid in only]
    if EXCEPT:
        unwanted = _names(EXCEPT)
        wanted = [item for item in wanted if item.nodeid not in unwanted]
    dropped = set(items) - set(wanted)
    if dropped:
        config.hook.pytest_deselected(items=[item for item in items if item in dropped])
        items[:] = wanted


def pytest_collectreport(report):
    # A module that cannot be imported is a failure, one that is left out as a whole a skip.
    if report.failed or report.skipped:
        _write("failed" if report.failed else "skipped", report.nodeid, 0, _reason(report))


def pytest_runtest_logstart(nodeid):
    _seen[nodeid] = ["passed", 0.0, ""]
    _write("start", nodeid)


def pytest_runtest_logreport(report):
    seen = _seen.setdefault(report.nodeid, ["passed", 0.0, ""])
    if report.outcome == "rerun":
        # It is about to be tried again: what was seen so far does not count.
        _seen[report.nodeid] = ["passed", 0.0, ""]
        return
    seen[1] += report.duration
    if report.outcome != "passed" and seen[0] != "failed":
        seen[0] = report.outcome
        seen[2] = ("" if report.when == "call" else report.when + ": ") + _reason(report)


def pytest_runtest_logfinish(nodeid):
    outcome, seconds, reason = _seen.pop(nodeid)
    _write(outcome, nodeid, f"{seconds:.3f}", reason)


def pytest_sessionfinish(exitstatus):
    import zmq

    with open("/proc/self/maps", encoding="utf-8") as maps:
        files = {line.split(maxsplit=5)[5].strip() for line in maps if "/libzmq" in line}
    for file in sorted(files):
        _write("library", file)
    _write("version", zmq.zmq_version())
    _write("end", int(exitstatus))


def _reason(report):
    described = report.longrepr
    if isinstance(described, tuple):
        return described[2]
    crash = getattr(described, "reprcrash", None)
    text = crash.message if crash else str(described)
    return text.strip().split("\n")[0][:200] if text.strip() else report.outcome
