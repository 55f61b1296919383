"""What delta-rs, a reader of Delta tables that is not ours, finds in one: a JSON object.

    read-delta.py [--compact] WHERE [OPTION=VALUE ...]

With --compact it puts small files together before.
"""

import json
import sys
from datetime import date

from deltalake import DeltaTable

where, *options = [argument for argument in sys.argv[1:] if argument != "--compact"]
table = DeltaTable(where, storage_options=dict(option.split("=", 1) for option in options))
if "--compact" in sys.argv:
    table.optimize.compact()
json.dump(
    {
        "version": table.version(),
        "partitionBy": table.metadata().partition_columns,
        "columns": [field.name for field in table.schema().fields],
        "files": len(table.file_uris()),
        "position": table.transaction_version("events/0"),
        "rows": table.to_pyarrow_table().sort_by("_offset").to_pylist(),
        "onTheSixth": table.to_pyarrow_table(filters=[("date", "=", date(2026, 1, 6))]).num_rows,
        "behind": table.to_pyarrow_table(filters=[("_offset", ">=", 100)]).num_rows,
    },
    sys.stdout,
    default=lambda value: value.isoformat() if hasattr(value, "isoformat") else str(value),
)
