"""Exports of many rows beside PostgreSQL's own COPY: rate, and peak memory above an idle worker.

.venv/bin/python benchmarks/export_rows.py 1000000

Makes a database of its own on the server that TEST_POSTGRESQL_URL names (postgres://postgres@127.0.0.1:5432/postgres), fills it
with made-up sources and drops it afterwards. The rows are put into the table by SQL, since publishing a million would take an
hour; exporting reads them like any others. Each figure is taken in a process of its own, through the same service that a
worker calls.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
SERVER = os.environ.get("TEST_POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/postgres")
FORMATS = ("csv", "jsonl", "parquet", "xlsx")
TWELVE = ",".join(
    f"made-up-{number}" for number in range(1, 13)
)  # "export these 12 rows", of all that there are

FILL = """
INSERT INTO chokepoints_source (id, revision, created_in_id, changed_in_id, note, retired, merged_into_id, key, kind, title,
    title_original, publisher, author, language, published_on, published_on_precision, url, archived_url, derivation,
    reliability, seen, standing, standing_reason)
SELECT gen_random_uuid(), 1, 1, 1,
    CASE WHEN n %% 5 = 0 THEN 'The author isn''t named, because the page is an archive copy.' ELSE '' END,
    false, NULL, 'made-up-' || n, 'news-article', 'Made-up article number ' || n || ', with a title of usual length',
    '虚构的文章标题第' || n || '号', 'Science and Technology Daily', CASE WHEN n %% 3 = 0 THEN 'A. Author' ELSE '' END, 'zh',
    date '2018-01-01' + (n %% 2000)::int, CASE WHEN n %% 10 = 0 THEN 'month' ELSE 'day' END,
    'https://example.org/articles/2018/' || n || '.html', '', 'original', 'B', 'whole', 'in-force', ''
FROM generate_series(1, %s) AS n
"""


def say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - what it is for


def status(name: str) -> float:
    """Return a figure of this process's memory in MB: VmRSS now, VmHWM at its highest."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(name))
    return int(line.split()[1]) / 1024


def copy_rows(url: str, raw: bool) -> dict[str, float]:
    """Take the same columns with COPY … TO STDOUT into a file, and return the seconds it took."""
    import django

    django.setup()
    import psycopg

    from chokepoints.exports.columns import table_of
    from chokepoints.models import Source

    columns = [column for column in table_of("source").columns if column.sql is not None]
    if raw:
        names = [column.name for column in columns if not column.name.endswith("_in")]
        names = ["merged_into_id" if name == "merged_into" else name for name in names]
        sql = "COPY (SELECT {}, created_in_id, changed_in_id FROM chokepoints_source) TO STDOUT WITH CSV".format(
            ", ".join(names)
        )
    else:
        query = str(Source.objects.order_by().values_list(*(column.sql for column in columns)).query)
        sql = f"COPY ({_quoted(query)}) TO STDOUT WITH CSV"
    with psycopg.connect(url) as connection, tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        with connection.cursor().copy(sql) as copy:
            for block in copy:
                file.write(block)
        file.flush()
        os.fsync(file.fileno())
        return {"seconds": time.perf_counter() - began, "bytes": file.tell()}


def _quoted(query: str) -> str:
    """Put quotes round the values that str(query) prints bare."""
    for bare in ("year", "month"):
        query = query.replace(f'_precision" = {bare} ', f"_precision\" = '{bare}' ")
    return query.replace(", )", ", '')")


def export_rows(format: str, filters: dict[str, str]) -> dict[str, float]:
    """Ask for an export and write it, and return seconds, size and memory."""
    import django

    django.setup()
    from celery import current_app
    from django.contrib.auth import get_user_model

    from chokepoints.exports.columns import table_of
    from chokepoints.models import Export, Source
    from chokepoints.services import exporting, writing

    current_app.send_task = lambda *_, **__: None  # the broker has no part in this
    if format == "parquet":
        import pyarrow.parquet  # noqa: F401 - an idle worker that has written one before
    user, _ = get_user_model().objects.get_or_create(username="benchmark")
    Source.objects.first()
    table = table_of("source")
    fields = list(dict.fromkeys(column.field for column in table.columns if column.sql is not None))
    export = exporting.request_export(
        actor=user,
        kinds=["source"],
        format=format,
        columns={"source": fields},
        filters={"source": filters},
    )
    idle, began = status("VmRSS"), time.perf_counter()
    writing.run_export(export.pk)
    seconds = time.perf_counter() - began
    row = Export.objects.get(pk=export.pk)
    if row.state != "ready":
        raise SystemExit(f"{row.state}: {row.reason}")
    return {
        "seconds": seconds,
        "bytes": row.size,
        "rows": row.rows,
        "idle": idle,
        "peak": max(status("VmHWM"), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def measure(name: str, url: str, folder: str) -> dict[str, float]:
    environment = {**os.environ, "DATABASE_URL": url, "VAR_DIR": folder}
    done = subprocess.run(
        [sys.executable, __file__, "--measure", name],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main(rows: int) -> None:
    import psycopg

    name = f"register_benchmark_{os.getpid()}"
    url = urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
    with tempfile.TemporaryDirectory() as folder, psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            environment = {**os.environ, "DATABASE_URL": url, "VAR_DIR": folder}
            for command in (["migrate", "--verbosity", "0"], ["load_dataset"]):
                subprocess.run(
                    [sys.executable, "manage.py", *command],
                    cwd=ROOT,
                    env=environment,
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(FILL, [rows])
                connection.execute("VACUUM ANALYZE")
            report(rows, url, folder)
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def report(rows: int, url: str, folder: str) -> None:
    """Print what each way takes; COPY first and last, since the machine has other things to do as well."""
    copies = [measure("copy", url, folder), measure("copy-raw", url, folder)]
    found = {name: measure(name, url, folder) for name in FORMATS}
    found["csv again"] = measure("csv", url, folder)
    twelve = {name: measure(f"{name}-12", url, folder) for name in FORMATS}
    copies += [measure("copy", url, folder), measure("copy-raw", url, folder)]
    best = {"COPY of the same cells": copies[::2], "COPY of the bare columns": copies[1::2]}
    say("| what | seconds | rows a second | MB | peak above idle, MB |\n| --- | --- | --- | --- | --- |")
    for words, pair in best.items():
        for one in pair:
            say(
                f"| {words} | {one['seconds']:.1f} | {rows / one['seconds']:,.0f} | {one['bytes'] / 1e6:.0f} | |"
            )
    for name, one in found.items():
        rate, above = one["rows"] / one["seconds"], one["peak"] - one["idle"]
        say(f"| {name} | {one['seconds']:.1f} | {rate:,.0f} | {one['bytes'] / 1e6:.0f} | {above:.0f} |")
    for name, one in twelve.items():
        say(
            f"| {name}, {one['rows']} rows of them | {one['seconds']:.2f} | | | {one['peak'] - one['idle']:.0f} |"
        )
    csv = min(found["csv"]["seconds"], found["csv again"]["seconds"])
    for words, pair in best.items():
        say(f"\nCSV at {min(one['seconds'] for one in pair) / csv:.2f} of the rate of {words}.")


if __name__ == "__main__":
    if sys.argv[1] == "--measure":
        what = sys.argv[2]
        address = os.environ["DATABASE_URL"]
        if what.startswith("copy"):
            result = copy_rows(address, what == "copy-raw")
        else:
            format, _, few = what.partition("-")
            result = export_rows(format, {"key__in": TWELVE} if few else {})
        say(json.dumps(result))
    else:
        main(int(sys.argv[1]))
