"""The child of old_workbook.py: bytes of a workbook on stdin, its cells as an Arrow stream on stdout.

Started by its path with ``-I``, memory and seconds as arguments; it knows nothing of this project.
"""

import resource
import sys


def main(memory: int, seconds: int) -> None:
    """One row a cell that holds something: sheet's number and name, hidden, row, column, text (null: an error
    result). A sheet has a row 0 of its own, so that an empty one is known."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import fastexcel
    import pyarrow as pa

    schema = pa.schema(
        [
            ("sheet", pa.int32()), ("name", pa.string()), ("hidden", pa.bool_()),
            ("row", pa.int32()), ("column", pa.int32()), ("text", pa.string()),
        ]
    )  # fmt: skip
    book = fastexcel.read_excel(sys.stdin.buffer.read())
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as answer:
        for number, name in enumerate(book.sheet_names):
            sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
            hidden = sheet.visible != "visible"
            cells, errors = sheet.to_arrow_with_errors()
            rows, columns = [0], [0]
            texts: list[str | None] = [""]
            for place in (e.position for e in (errors.errors if errors else ())):
                rows.append(place[0] + 1)
                columns.append(place[1] + 1)
                texts.append(None)
            for at, column in enumerate(cells.columns, 1):
                for row, text in enumerate(column.to_pylist(), 1):
                    if text is not None and text.strip():
                        rows.append(row)
                        columns.append(at)
                        texts.append(text)
            many = len(rows)
            answer.write_batch(
                pa.record_batch(
                    [[number] * many, [name] * many, [hidden] * many, rows, columns, texts], schema=schema
                )
            )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
