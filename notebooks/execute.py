"""Runs notebooks from clean and keeps what they show: `python notebooks/execute.py [notebook ...]`; without names, all.

What is written depends on nothing but the code and what it found: no versions, no times, no numbers of a machine.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).resolve().parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CELL_SECONDS = 180
# Progress bars are widgets: what is kept of them is an empty frame.
QUIET = {"TQDM_DISABLE": "1"}

Notebook = Any  # nbformat has no types


def code_sha256(notebook: Notebook) -> str:
    """A digest of all code, in its order: it tells whether outputs came from the code beside them."""
    digest = hashlib.sha256()
    for cell in code_cells(notebook):
        digest.update(cell.source.encode() + b"\0")
    return digest.hexdigest()


def code_cells(notebook: Notebook) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def read(path: Path) -> Notebook:
    return nbformat.read(path, as_version=4)


def execute(notebook: Notebook) -> None:
    """Runs a notebook in a kernel of its own and puts in what it shows.

    Raises:
        CellExecutionError: a cell failed.
    """
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory(prefix="gn-lab-") as home:  # settings and history of whoever runs it stay out
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name=KERNEL["name"],
            record_timing=False,
            resources={"metadata": {"path": str(FOLDER)}},
        )
        client.execute(env=os.environ | QUIET | {"IPYTHONDIR": home})
    tidy(notebook)


def tidy(notebook: Notebook) -> None:
    """Takes out what would differ the next time, and signs the outputs with the code that they came from."""
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
    signed = {"kernelspec": KERNEL, "language_info": {"name": "python"}, "code_sha256": code_sha256(notebook)}
    notebook.metadata = nbformat.from_dict(signed)
    notebook.nbformat, notebook.nbformat_minor = 4, 5


def main(names: list[str]) -> int:
    paths = [Path(name) for name in names] or sorted(FOLDER.glob("*.ipynb"))
    for path in paths:
        if not path.is_file():
            print(f"There is no notebook {path}", file=sys.stderr)
            return 2
        notebook = read(path)
        try:
            execute(notebook)
        except CellExecutionError as error:
            print(f"{path.name} stays as it was: {error}", file=sys.stderr)
            return 1
        nbformat.validate(notebook)
        nbformat.write(notebook, path)
        print(f"{path.name}: {len(code_cells(notebook))} cells, {path.stat().st_size / 1000:.0f} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
