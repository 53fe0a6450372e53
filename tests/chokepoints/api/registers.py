"""A register with something of everything that lists can be asked for, and what happens to it afterwards."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from chokepoints.models import Supply
from tests.builders import Builder, golden_register

SHARE = {"low": "10", "high": "20.5", "market": "world", "measure": "units", "counted": "place"}
TITLE = "\uf9d0金属\ufa19 “卡脖子” e\u0301\u3000"  # NFC would replace some of these characters
QUOTE = "几乎\r\n全部依赖进口\ufa19"


def full_register(build: Builder) -> dict[str, str]:
    """Publish the golden register and more, so that every filter lets some records through and not others."""
    ids = golden_register(build)
    ids["unnamed"] = str(Supply.objects.get(note="Firm not named.").pk)
    ids["displays"] = build.sector("displays", parent=ids["sector"])
    ids["machines"] = build.sector("machines", name="Displays")
    ids["photoresist"] = build.chokepoint(
        "photoresist",
        sector=ids["displays"],
        part_of=ids["chokepoint"],
        name_original="光刻胶",
        aliases=["光阻", "Résist"],
        barriers=["patents"],
        listings=[{"list": ids["list"], "number": 5}],
    )
    ids["engine"] = build.chokepoint(
        "engine", sector=ids["machines"], name="Photoresist", dependent_country="RU"
    )
    ids["eclair"] = build.organization("eclair", name="Éclair Works", country="FR", kind="university")
    ids["nowhere"] = build.organization("nowhere", name="éclair works", country=None, kind=None)
    ids["undated"] = build.source(
        "undated",
        kind="dataset",
        published_on=None,
        derivation="unknown",
        language="en",
        reliability="F",
        seen="part",
        url="https://example.org/data",
    )
    ids["early"] = build.source("early", published_on="2017-12-30", title="100 % “of” _it_", seen="not-seen")
    ids["general"] = build.list("general", dependent_country="RU", issued_on="2019-03")
    ids["both"] = build.evidence(
        chokepoint=ids["photoresist"],
        source=ids["undated"],
        own_finding=True,
        nature="announcement",
        stage="delivered",
        credibility=4,
        observed_on="2020-02",
        about_from="2019",
        about_to="2020",
        bears_on=[
            {"chokepoint": ids["photoresist"], "stance": "supports"},
            {"chokepoint": ids["engine"], "stance": "supports"},
            {"list": ids["general"], "stance": "context"},
        ],
    )
    ids["first"] = build.assessment(chokepoint=ids["photoresist"], evidence=[ids["both"]])
    ids["second"] = build.assessment(
        chokepoint=ids["photoresist"],
        status="dependent",
        as_of="2020-06",
        confidence="high",
        ways_out=["acquisition", "own-research"],
        import_share=SHARE,
        rank="preferred",
        rank_reason="It is later.",
    )
    ids["from-france"] = build.supply(
        chokepoint=ids["photoresist"], organization=ids["eclair"], share=SHARE, as_of="2020"
    )
    ids["at-home"] = build.supply(
        chokepoint=ids["engine"], role="domestic-alternative", country="RU", evidence=[ids["both"]]
    )
    return ids


def what_happened_later(build: Builder, ids: dict[str, str]) -> None:
    """Change, move, rename, retire and restore so much that hardly an answer stays what it was."""
    build.update("sector", ids["displays"], parent=ids["machines"], name="Screens")
    build.update("sector", ids["machines"], key="machinery")
    build.update(
        "chokepoint",
        ids["photoresist"],
        key="resists",
        name="A resist",
        aliases=None,
        barriers=["scale-up"],
        part_of=None,
        listings=None,
        sector=ids["sector"],
    )
    build.update("chokepoint", ids["engine"], dependent_country="CN", sector=ids["displays"], name="Zylinder")
    build.restore("chokepoint", ids["part"])
    build.update("organization", ids["eclair"], country="JP", kind="company", name="Works")
    build.update("organization", ids["nowhere"], country="FR")
    build.update("source", ids["undated"], published_on="2016", reliability=None, language="fr")
    build.update("source", ids["early"], published_on=None, title="Nothing", seen=None)
    build.update("list", ids["general"], dependent_country="CN", issued_on=None, source=ids["early"])
    build.update(
        "evidence",
        ids["both"],
        own_finding=None,
        nature="observation",
        stage=None,
        credibility=1,
        observed_on=None,
        about_from=None,
        about_to=None,
        bears_on=[{"chokepoint": ids["engine"], "stance": "disputes"}],
    )
    build.update("assessment", ids["second"], rank="deprecated", rank_reason="Refuted.")
    build.update("supply", ids["from-france"], share=None, as_of=None)
    build.retire("supply", ids["at-home"])
    build.retire("organization", ids["nowhere"])
    build.chokepoint("later", sector=ids["sector"])
    build.assessment(chokepoint=ids["engine"], status="critical", as_of="2021")


Read = Callable[..., dict[str, Any]]


def reader(client: Client) -> Read:
    """Return a function that reads an address below /api/v1/, whole or as a link, and insists on 200."""

    def read(path: str, **parameters: Any) -> dict[str, Any]:
        address = path if path.startswith("http") else f"/api/v1/{path}"
        parts = urlsplit(address)
        query = {"query_params": parameters} if parameters else {}
        answer = client.get(f"{parts.path}?{parts.query}" if parts.query else parts.path, **query)
        assert answer.status_code == 200, f"{address} {parameters}: {answer.content.decode()}"
        assert answer.headers["Content-Type"] == "application/json"
        return json.loads(answer.content)

    return read


def walk(read: Read, path: str, direction: str = "next", **parameters: Any) -> list[dict[str, Any]]:
    """Return the results of a list, page by page."""
    page = read(path, **parameters)
    results = list(page["results"])
    while page[direction]:
        page = read(page[direction])
        results = results + page["results"] if direction == "next" else page["results"] + results
    return results
