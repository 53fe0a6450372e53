"""The verifier in a release: alone in a bare Python, it accepts what is right and finds whatever was altered."""

import ast
import hashlib
import json
import os
import sys

import pytest

from chokepoints.canonical import canonical
from chokepoints.exports.columns import exported_kinds
from chokepoints.exports.formulas import neutralise, quoted
from chokepoints.records import KINDS
from chokepoints.releases import verify_release
from chokepoints.releases.tables import tables
from tests.chokepoints.exports.registers import HOSTILE
from tests.chokepoints.releases.editions import VERIFIER, files_in, golden_copy, verify


@pytest.fixture
def release(tmp_path):
    return golden_copy(tmp_path / "release")


# --- it stands alone, and knows what the program knows


def test_it_imports_the_standard_library_alone():
    tree = ast.parse(VERIFIER.read_text(), feature_version=(3, 9))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {
        node.module if not node.level else "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }
    assert names and names <= set(sys.stdlib_module_names)


def test_its_tables_are_those_of_the_program():
    assert [table.name for table in tables()] == verify_release.ORDER
    for table in tables():
        ours = [(c.name, c.type if c.type in {"percent", "text"} else "") for c in table.columns]
        theirs = [
            (name, kind if kind in {"percent", "text"} else "")
            for name, kind, _ in verify_release.columns_of(table.name)
        ]
        assert ours == theirs, table.name
    assert all(KINDS[kind].format == verify_release.FORMATS_OF_KINDS for kind in exported_kinds())
    for text in HOSTILE:
        assert verify_release.csv_cell("text", text) == quoted(neutralise(text))


def test_its_canonical_json_is_that_of_the_ledger():
    values = [
        "",
        '\u0000\x1f\x7f"\\/\b\n',
        "\ufa19 e\u0301 \U00020000",
        [1, -5, 2**53 - 1, True, False, None],
    ]
    values.append({"\U00020000": 1, "\ufa19": 2, "a": {"b": []}, "": "x"})
    for value in values:
        assert verify_release.canonical(value) == canonical(value)
    for value in (1.5, 2**53, float("nan"), b"x"):
        with pytest.raises(verify_release.Wrong):
            verify_release.canonical(value)


def test_it_accepts_a_release_wherever_it_is_started(release, tmp_path):
    for arguments, environment in (
        ((), {}),
        ((str(release),), {"LC_ALL": "C", "TZ": "Asia/Shanghai", "PYTHONIOENCODING": "ascii"}),
    ):
        code, words = verify(release, *arguments, **environment)
        assert code == 0 and words.startswith("Release 2 verified: changeset 16, sha256 "), words
    digest = words.split("sha256 ")[1][:64]
    assert verify(release, "--head", f"16:{digest}")[0] == 0
    for head, reason in ((f"15:{digest}", "doesn't hold"), ("0" * 64, "doesn't hold"), ("x", "written as")):
        code, words = verify(release, "--head", head)
        assert code == 1 and reason in words


# --- what was altered


def replace(path, old, new, count=1):
    def alter(release):
        file = release / path
        data = file.read_bytes()
        assert old in data
        file.write_bytes(data.replace(old, new, count))

    return alter


def swap(path, one, other):
    def alter(release):
        lines = (release / path).read_bytes().split(b"\n")
        lines[one], lines[other] = lines[other], lines[one]
        (release / path).write_bytes(b"\n".join(lines))

    return alter


def cut(path, drop):
    def alter(release):
        data = (release / path).read_bytes()
        (release / path).write_bytes(data[:-drop] if drop > 0 else data + b"\n")

    return alter


def cut_lines(path, drop):
    def alter(release):
        lines = (release / path).read_bytes().splitlines(keepends=True)
        (release / path).write_bytes(b"".join(lines[:-drop]))

    return alter


def remove(path):
    return lambda release: (release / path).unlink()


def add(path):
    return lambda release: (release / path).write_bytes(b"x\n")


def link(path):
    def alter(release):
        (release / path).unlink()
        os.symlink(release / "README.md", release / path)

    return alter


# What was altered, and how, by what the verifier must say. Each of the first is done twice: as it is, and by a forger who
# computes the sums anew.
ALTERED = {
    "a table row": (replace("csv/sources.csv", b",B,", b",A,"), "csv/sources.csv isn't what"),
    "a row of the other form": (
        replace("jsonl/sources.jsonl", b'"reliability":"B"', b'"reliability":"A"'),
        "jsonl/sources.jsonl isn't what the ledger gives",
    ),
    "a status": (replace("csv/chokepoints_current.csv", b"unassessed", b"resolved"), "row 2 differs"),
    "swapped rows": (swap("csv/sources.csv", 1, 2), "csv/sources.csv isn't"),
    "a row cut off": (cut_lines("csv/evidence_bears_on.csv", 1), "csv/evidence_bears_on.csv isn't"),
    "a row twice": (
        lambda release: (release / "jsonl/lists.jsonl").write_bytes(
            (release / "jsonl/lists.jsonl").read_bytes() * 2
        ),
        "jsonl/lists.jsonl isn't",
    ),
    "a table removed": (remove("csv/supplies_evidence.csv"), "csv/supplies_evidence.csv is missing"),
    "the delta": (replace("delta.jsonl", b'"change":"removed"', b'"change":"added"'), "delta.jsonl isn't"),
    "a line of the delta cut off": (cut_lines("delta.jsonl", 1), "delta.jsonl isn't"),
    "the delta removed": (remove("delta.jsonl"), "delta.jsonl is missing"),
    "a value in the ledger": (replace("ledger.jsonl", "微球".encode(), "微求".encode()), "ledger.jsonl"),
    "a reviewer": (replace("ledger.jsonl", b'"verdict":"approve"', b'"verdict":"reject"'), "ledger.jsonl"),
    "swapped changesets": (swap("ledger.jsonl", 3, 4), "stands where changeset"),
    "the ledger's tail": (cut_lines("ledger.jsonl", 1), "cut off"),
    "the ledger's last changeset": (
        lambda release: swap("ledger.jsonl", -3, -2)(release) or cut_lines("ledger.jsonl", 1)(release),
        "names another head",
    ),
    "half a line": (cut("ledger.jsonl", 20), "cut off in the middle"),
    "blanks in the ledger": (replace("ledger.jsonl", b'{"changeset":', b'{ "changeset":'), "canonical"),
    "the ledger removed": (remove("ledger.jsonl"), "ledger.jsonl is missing"),
    "the head": (replace("release.json", b'"number":2', b'"number":3'), "names a release before that can't be"),
    "the changeset of the release before": (replace("release.json", b'"changeset":9', b'"changeset":8'), "delta"),
    "the format": (replace("release.json", b'"format":1', b'"format":2'), "has format 2"),
    "the package": (replace("datapackage.json", b'"bytes":', b'"bytes":1'), "datapackage.json gives another"),
    "a column's name": (replace("datapackage.json", b'"name":"claim"', b'"name":"words"'), "other columns"),
    "a file besides": (add("extra.txt"), "isn't part of the release"),
}  # fmt: skip
SUMS = {
    "a digest": (
        lambda release: replace("SHA256SUMS", (release / "SHA256SUMS").read_bytes()[:64], b"0" * 64)(release),
        "isn't what SHA256SUMS says",
    ),
    "swapped sums": (swap("SHA256SUMS", 0, 1), "out of order"),
    "a sum cut off": (cut_lines("SHA256SUMS", 1), "SHA256SUMS doesn't name it"),
    "half a sum": (cut("SHA256SUMS", 5), "cut off"),
    "a blank line": (cut("SHA256SUMS", 0), "says nothing"),
    "a way out": (replace("SHA256SUMS", b"  README.md", b"  ../etc.md"), "says nothing"),
    "the sums removed": (remove("SHA256SUMS"), "SHA256SUMS can't be read"),
    "the words": (replace("RELEASE_NOTES.md", b"Release 2", b"Release 3"), "RELEASE_NOTES.md isn't"),
    "the verifier": (
        replace("verify_release.py", b"Sums, ledger", b"sums, ledger"),
        "verify_release.py isn't",
    ),
    "a link": (link("CITATION.cff"), "is a link"),
}


def forge_sums(release):
    """Write sums that fit, and a data package that does, unless it was what was altered."""
    sums = (release / "SHA256SUMS").read_text()
    digest = hashlib.sha256((release / "datapackage.json").read_bytes()).hexdigest()
    if f"{digest}  datapackage.json" in sums:
        package = json.loads((release / "datapackage.json").read_text())
        for resource in package["resources"]:
            if (release / resource["path"]).exists():
                data = (release / resource["path"]).read_bytes()
                resource.update(hash=f"sha256:{hashlib.sha256(data).hexdigest()}", bytes=len(data))
        text = json.dumps(package, ensure_ascii=False, separators=(",", ":"))
        (release / "datapackage.json").write_text(text + "\n")
    lines = [
        f"{hashlib.sha256(data).hexdigest()}  {path}\n"
        for path, data in sorted(files_in(release).items())
        if path != "SHA256SUMS"
    ]
    (release / "SHA256SUMS").write_text("".join(lines))


@pytest.mark.parametrize("what", [*ALTERED, *SUMS])
def test_it_finds_what_was_altered(what, release):
    alter, _ = (ALTERED | SUMS)[what]
    alter(release)
    code, words = verify(release)
    assert code == 1 and "NOT VERIFIED: " in words and "Traceback" not in words
    assert any(part in words for part in ("SHA256SUMS", "is missing", "is a link", "isn't part")), words
    if what in SUMS:
        assert SUMS[what][1] in words


def test_it_finds_what_a_forger_altered_who_computes_the_sums_anew(tmp_path):
    for number, (what, (alter, expected)) in enumerate(ALTERED.items()):
        release = golden_copy(tmp_path / str(number))
        alter(release)
        forge_sums(release)
        with pytest.raises(verify_release.Wrong) as wrong:
            verify_release.verify(str(release))
        found = str(wrong.value)
        assert expected in found or (what == "a file besides" and "no part of a release" in found), (
            what,
            found,
        )


def test_a_ledger_written_anew_is_found_by_whoever_knows_a_head(release, tmp_path):
    code, words = verify(release)
    head = words.split("sha256 ")[1][:64]
    lines = (release / "ledger.jsonl").read_bytes().split(b"\n")
    older = [json.loads(line)["changeset"]["digest"] for line in lines if line.startswith(b'{"changeset"')]
    assert head == older[-1] and len(older) == 16
    assert verify(release, "--head", f"5:{older[4]}")[0] == 0
    code, words = verify(release, "--head", f"5:{older[5]}")
    assert code == 1 and "head that you know" in words


def test_no_file_makes_it_stumble(tmp_path):
    tables = ["csv/evidence.csv", "jsonl/evidence.jsonl", "jsonl/chokepoints_current.jsonl"]
    junk = (b"", b"\xff\xfe\x00", b"[" * 5000, b"{}\n", b"null\n", b'{"changeset":{},"end":1}\n')
    for path in ("ledger.jsonl", "release.json", "datapackage.json", "delta.jsonl", *tables):
        for number, data in enumerate(junk):
            release = golden_copy(tmp_path / path.replace("/", "-") / str(number))
            (release / path).write_bytes(data)
            forge_sums(release)
            with pytest.raises(verify_release.Wrong):
                verify_release.verify(str(release))
