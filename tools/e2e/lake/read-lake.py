"""Reads a table of the lake as anybody would, with nothing of the platform: which files it has from the table's own log by
deltalake, what is in them by the library named.

    read-lake.py duckdb|pyarrow|deltalake TABLE [SQL]

Prints the rows as JSON, one a line: amounts as text with their digits, instants in UTC. With SQL (for duckdb) what the query
gives, over the view `rows`.
"""

import base64
import json
import sys
from datetime import date, datetime, timezone
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.dataset
from deltalake import DeltaTable


def by_duckdb(table, sql):
    connection = duckdb.connect()
    files = table.file_uris()
    read = "read_parquet(?, hive_partitioning = true, hive_types_autocast = false, union_by_name = true)"
    connection.execute(f"CREATE TEMP TABLE rows AS SELECT * FROM {read}", [files])
    return connection.sql(sql or "SELECT * FROM rows").to_arrow_table()


def by_pyarrow(table, _sql):
    schema = pa.schema(table.schema().to_arrow())
    partitioning = pa.dataset.partitioning(
        pa.schema([schema.field(name) for name in table.metadata().partition_columns]), flavor="hive"
    )
    return pa.dataset.dataset(table.file_uris(), schema=schema, format="parquet", partitioning=partitioning).to_table()


def by_deltalake(table, _sql):
    return table.to_pyarrow_table()


def plain(value):
    if isinstance(value, datetime):
        text = value.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="microseconds")
        return (text[:-3] if text.endswith("000") else text) + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


READERS = {"duckdb": by_duckdb, "pyarrow": by_pyarrow, "deltalake": by_deltalake}
reader, path, *sql = sys.argv[1:]
found = READERS[reader](DeltaTable(path), sql[0] if sql else None)
for row in found.to_pylist():
    print(json.dumps(plain(row), ensure_ascii=False, separators=(",", ":")))
