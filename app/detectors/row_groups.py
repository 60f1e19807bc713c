"""Row groups of Parquet files of works: which papers stand in them, and the columns of one paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from app import frames
from app.detectors.works_read import Key

Groups = Sequence[tuple[Path, list[int]]]
_WORDS = ("subject", "school", "class", "participant", "variant", "municipality")
KEY_COLUMNS = ("year", "subject", "grade")
_KNOWN = {column.name for column in frames.WORKS} | {"file_total"}


def papers_of(paths: Sequence[Path]) -> dict[Key, list[tuple[Path, list[int]]]]:
    """Row groups in which works of each paper may stand, paper by paper in order."""
    found: dict[Key, list[tuple[Path, list[int]]]] = {}
    for path in paths:
        with pq.ParquetFile(path) as file:
            if not set(KEY_COLUMNS) <= set(file.schema_arrow.names):
                # Whoever checks the columns says what is missing.
                found.setdefault((0, "", 0), []).append((path, list(range(file.num_row_groups))))
                continue
            for group in range(file.num_row_groups):
                for key in _keys_of_group(file, group):
                    places = found.setdefault(key, [])
                    if not places or places[-1][0] != path:
                        places.append((path, []))
                    places[-1][1].append(group)
    return dict(sorted(found.items()))


def is_item(name: str) -> bool:
    """Whether a column holds points of an item."""
    return bool(frames.item_columns([name]))


def item_parts(groups: Groups, key: Key) -> Iterator[pa.Table]:
    """Items of the works of one paper, row group by row group: what is decoded fills several times what it holds."""
    for path, chosen in groups:
        for group in chosen:
            yield columns_of([(path, [group])], key, is_item)


def columns_of(groups: Groups, key: Key | None = None, wanted: Callable[[str], bool] | None = None) -> pa.Table:
    """Row groups one under another, words as codes of one dictionary a column.

    With a key the works of that paper alone, with `wanted` only the columns of which it is true.
    """
    parts = []
    for path, chosen in groups:
        with pq.ParquetFile(path) as plain:
            is_only = key is not None and all(_only_key(plain, group) == key for group in chosen)
            # Asked for once: it is made anew each time.
            schema, metadata = plain.schema_arrow, plain.metadata
            names = [
                n
                for n in schema.names
                if (n in _KNOWN or is_item(n)) and (wanted is None or wanted(n) or (n in KEY_COLUMNS and not is_only))
            ]
            words = [n for n in _WORDS if n in names and not pa.types.is_dictionary(schema.field(n).type)]
            part = plain.read_row_groups(chosen, columns=names, use_threads=False) if not words else None
        if part is None:
            with pq.ParquetFile(path, read_dictionary=words, metadata=metadata) as file:
                part = file.read_row_groups(chosen, columns=names, use_threads=False)
        parts.append(part if key is None or is_only else _of_paper(part, key, wanted))
    together = parts[0] if len(parts) == 1 else pa.concat_tables(parts, promote_options="permissive")
    return together.unify_dictionaries()


def _of_paper(part: pa.Table, key: Key, wanted: Callable[[str], bool] | None) -> pa.Table:
    """Works of one paper out of row groups that may hold several, file by file: another file may not name the paper."""
    if set(KEY_COLUMNS) <= set(part.column_names) and len(_keys(part)) > 1:
        words = zip(KEY_COLUMNS, key, strict=True)
        own = [pa.compute.equal(part[name].cast(pa.string()), pa.scalar(str(word))) for name, word in words]
        part = part.filter(pa.compute.and_(pa.compute.and_(own[0], own[1]), own[2]))
    return part.select([name for name in part.column_names if wanted is None or wanted(name)])


def _keys_of_group(file: pq.ParquetFile, group: int) -> list[Key]:
    """Papers of a row group."""
    only = _only_key(file, group)
    return [only] if only else _keys(file.read_row_group(group, columns=list(KEY_COLUMNS), use_threads=False))


def _only_key(file: pq.ParquetFile, group: int) -> Key | None:
    """The paper of a row group that holds a single one, as far as its statistics tell."""
    metadata = file.metadata.row_group(group)
    names = file.metadata.schema.names
    only: dict[str, Any] = {}
    for number in (names.index(name) for name in KEY_COLUMNS if name in names):
        column = metadata.column(number)
        told = column.statistics if column.path_in_schema in KEY_COLUMNS else None
        if told is not None and told.has_min_max and told.null_count == 0 and told.min == told.max:
            only[column.path_in_schema] = told.min
    if len(only) < len(KEY_COLUMNS) or not isinstance(only["subject"], str):
        return None
    return only["year"], only["subject"], only["grade"]


def _keys(table: pa.Table) -> list[tuple[int, str, int]]:
    """Distinct papers of a table."""
    keys = table.select(list(KEY_COLUMNS)).unify_dictionaries().combine_chunks()
    seen = keys.group_by(list(KEY_COLUMNS)).aggregate([]).to_pylist()
    return [(row["year"], row["subject"], row["grade"]) for row in seen]
