"""Runs a notebook as Jupyter does: this process and a kernel talk over five ZeroMQ channels.

Invariant: it prints "done" only if every cell's output came back whole, over tcp and over ipc.
Lines beginning with "library" name the libzmq of this process and of the kernels. See ../README.md.
"""

import re

import nbformat
import zmq
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

MAPS = r"{file for file in re.findall(r'/\S*/libzmq[^/\s]*\.so[^/\s]*', open('/proc/self/maps').read())}"
CELLS = {
    "6 * 7": "42",
    "for number in range(2000): print(number)": "".join(f"{n}\n" for n in range(2000)),
    "print(input_ := 'ü' * 300_000)": "ü" * 300_000 + "\n",
    f"import re, zmq; print(zmq.zmq_version(), *sorted({MAPS}))": None,
}


def text(cell):
    parts = []
    for output in cell.outputs:
        parts.append(output.text if output.output_type == "stream" else output.data["text/plain"])
    return "".join(parts)


def run(transport):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS])
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    client.create_kernel_manager()
    client.km.transport = transport
    client.execute()
    for cell, due in zip(notebook.cells, CELLS.values()):
        found = text(cell)
        assert due is None or found == due, (transport, cell.source, found[:200])
    report(*found.split())
    failing = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    try:
        NotebookClient(failing, timeout=60, kernel_name="python3").execute()
    except CellExecutionError as error:
        assert "ZeroDivisionError" in str(error)
    else:
        raise AssertionError("the error was not reported")
    print("notebook over", transport)


def report(version, *files):
    print("version", version)
    for file in files:
        print("library", file)


if __name__ == "__main__":
    run("tcp")
    run("ipc")
    report(zmq.zmq_version(), *sorted(eval(MAPS)))
    print("done")
