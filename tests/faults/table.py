"""The table of what became of the notifications under each fault. No I/O."""

from __future__ import annotations

from tests.faults.ledger import Count

COLUMNS = ("fault", "sent", "acknowledged", "seen", "lost", "duplicated", "out of order", "longest silence")


class Table:
    """A row for each fault, in the order in which they were tried."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, ...]] = []

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, fault: str, count: Count) -> None:
        numbers = (count.sent, count.acknowledged, count.seen, count.lost, count.duplicated, count.out_of_order)
        self._rows.append((fault, *(f"{each:,}" for each in numbers), f"{count.silence_seconds:.1f} s"))

    def text(self) -> list[str]:
        """Lines with columns below each other."""
        rows = [COLUMNS, *self._rows]
        widths = [max(len(row[at]) for row in rows) for at in range(len(COLUMNS))]
        return [
            "  ".join(
                cell.rjust(width) if at else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]

    def markdown(self) -> str:
        lines = [COLUMNS, ("---", *["--:"] * (len(COLUMNS) - 1)), *self._rows]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)
