"""What people read in the 2018 data row by row, as data with a reason each (pure).

The files say some things in words only: whether a statement is a forecast, what contradicts what, how large a share is.
Each reading names its row by its words, so that a row that was reworded is read again before it is loaded.
docs/data.md tells how the rest of the files becomes records.
"""

from typing import NamedTuple


class Reading(NamedTuple):
    """What one row is taken for, and why."""

    value: str
    reason: str


class Cited(NamedTuple):
    """A text in our own words, and the general rows, as (source key, claim), that it is made of."""

    text: str
    rows: tuple[tuple[str, str], ...]


class ShareReading(NamedTuple):
    """An import share that the words of a row give."""

    percent: str
    measure: str
    reason: str


REGISTER = "register-2022-05-27"
DEFINITION = (REGISTER, "What counts as a chokepoint: few makers abroad, hardly any alternative at home.")
HARD_TO_IMPORT = (REGISTER, "Items that are unusually hard to import are also counted.")
FUZZY = ("asymmetric-substack", "The term is loosely defined in Chinese debate.")
BY_TECHNOLOGY = (
    "globaltimes-2018",
    "The newspaper had run 21 articles under the same motto in 2001-2002, by industry; "
    "the 35 of 2018 go by single technology.",
)
CONTENT_TARGET = (
    REGISTER,
    "Target for domestic content of core materials: 40 percent by 2020 and 70 percent by 2025.",
)
SELF_SUFFICIENCY = (REGISTER, "A political goal of self-sufficiency by 2035 was set in October 2020.")
DECLINE = (REGISTER, "The series itself was hopeful that dependency is falling.")
SANY = ("eyeya-sany", "A machine builder claims to have broken the foreign monopoly with its own pump.")
EQUAL_STANDARDS = (
    "chinaeconomicnet-2015",
    "An aircraft designer said in 2015 that Chinese and US standards are essentially equal.",
)
TWELVE_NANOMETRES = (
    "wenxuecity-2020",
    "A repost claims 12 nm for the best Chinese machine, against 90 nm in the original: an altered figure.",
)
SEPARATOR_MAKER = ("cnchemicals-2018", "A Chinese maker already supplied Samsung, LG, BYD and CATL.")

# What evidence is; everything that isn't here is an observation.
NATURES: dict[tuple[str, str], Reading] = {
    (
        REGISTER,
        "A market researcher expected that only a fifth of the chips used in China in 2026 will be made in China.",
    ): Reading("forecast", "It says what IC Insights expected of 2026."),
    (
        "bitschips-2022-05-24",
        "Forecast: 21.2 percent of the Chinese chip market made in China in 2026.",
    ): Reading("forecast", "It says what IC Insights expected of 2026."),
    CONTENT_TARGET: Reading("target", "It says what was to be reached, not what was."),
    SELF_SUFFICIENCY: Reading("target", "It says what was to be reached, not what was."),
    DEFINITION: Reading("definition", "It says what the word means on the list."),
    HARD_TO_IMPORT: Reading("definition", "It says what else the list counts."),
    FUZZY: Reading("definition", "It says how loosely the word is used."),
    (
        REGISTER,
        "A state-backed start-up hired a well-known Japanese manager to build a DRAM industry "
        "(teaser beside the article).",
    ): Reading("announcement", "Hiring somebody tells of a plan; nothing was produced yet."),
    SANY: Reading("announcement", "A company speaks of its own product, undated, and no user confirms it."),
    (
        "register-dragonbridge-2022",
        "The US Department of Defense said it was looking into the campaign.",
    ): Reading("announcement", "An authority says what it is doing."),
    (REGISTER, "The wish for an alternative to Windows is not a Chinese one only."): Reading(
        "opinion", "An aside of the article's author."
    ),
    (REGISTER, "Chinese companies follow their own interest and may prefer trusted foreign parts."): Reading(
        "opinion", "A judgement of motives, without a case or a figure."
    ),
    (REGISTER, "Doubts about domestic quality keep buyers with foreign suppliers."): Reading(
        "opinion", "A judgement of motives, without a case or a figure."
    ),
    (REGISTER, "Research often does not reach the market."): Reading(
        "opinion", "A general judgement, without a case or a figure."
    ),
    DECLINE: Reading("opinion", "A hope for all items at once, without a product or a figure."),
    (REGISTER, "Progress towards the targets was called slow."): Reading(
        "opinion", "“Slow” is a judgement; no figure is given."
    ),
    ("cset-brief-2022", "The articles express concern about supply from the US, Japan and Europe."): Reading(
        "opinion", "A concern about what might happen."
    ),
    ("wirechina-2022", "The series is described as dated but candid."): Reading(
        "opinion", "A judgement of the series."
    ),
    EQUAL_STANDARDS: Reading("opinion", "One designer's judgement, with no comparison shown."),
}

# How the five rows that contradict do so.
CONTRADICTIONS: dict[tuple[str, str], Reading] = {
    DECLINE: Reading(
        "shows-reduction", "It grants that there was a dependency and says that it became smaller."
    ),
    SANY: Reading(
        "disputes",
        "An undated claim about a project begun in 2010 can't show a change since an earlier assessment; "
        "it denies the monopoly.",
    ),
    EQUAL_STANDARDS: Reading(
        "disputes", "Said before the series: it denies the gap, it doesn't tell of a change."
    ),
    TWELVE_NANOMETRES: Reading(
        "disputes", "It gives another figure for the same moment. The claim says that the figure was altered."
    ),
    SEPARATOR_MAKER: Reading(
        "disputes",
        "It tells of a strong domestic maker at the time of the series, not of a change since then.",
    ),
}

# Sources without `derived_from` that the data give a reason to call original; any other stays unknown.
ORIGINALS = {
    "std-series-2018": "The newspaper's own series; everything about the list goes back to it.",
    "ic-insights-2022": "The publisher's own forecast.",
    "mandiant-2022-06-28": "The company's own threat-intelligence report.",
}
SERIES = "std-series-2018"

# Sources of which only the note says that they speak of 2018.
SPEAK_OF_2018 = {"cnchemicals-2018": "Its note says that it reports a signing on 19 March 2018."}

# The sentence of a chokepoint's summary (counted from 0) that justifies its level; any other: the first.
JUSTIFYING_SENTENCES = {
    "lithography-machines": 1,
    "chips": 1,
    "operating-systems": 0,
    "aero-engine-nacelles": 1,
    "tactile-sensors": 1,
    "vacuum-evaporators": 1,
    "rf-components": 1,
    "heavy-duty-gas-turbines": 1,
    "lidar": 1,
    "high-end-capacitors-resistors": 0,
    "core-industrial-software": 1,
    "ito-targets": 1,
    "core-robot-algorithms": 0,
    "rail-milling-cutters": 1,
    "high-end-bearing-steel": 1,
    "high-pressure-piston-pumps": 1,
    "aviation-design-software": 0,
    "transmission-electron-microscopes": 0,
    "tbm-main-bearings": 0,
    "microspheres": 1,
    "underwater-connectors": 1,
    "fuel-cell-materials": 1,
    "battery-separators": 1,
    "ultra-precision-polishing": 1,
    "scanning-electron-microscopes": 1,
}

# Import shares of the chokepoints with level `moderate`.
IMPORT_SHARES = {
    "ito-targets": ShareReading(
        "50",
        "units",
        "About half of the roughly 1,000 tonnes used in China each year was imported; the year isn't given.",
    ),
    "battery-separators": ShareReading(
        "30", "unknown", "About 30 percent was imported; neither the year nor what was measured is given."
    ),
}

LIST_KEY = "std-35-2018"
LIST_ISSUED_ON = "2018"
LIST_NOTE = (
    "Printed from 19 April to July 2018. The series was seen through reprints, summaries and translations, "
    "and one item in the original; the order from place 11 on differs between them."
)
LIST_TEXTS = {
    "definition": Cited(
        "A technology that only a few companies in North America, Europe or Japan make and for which there is hardly "
        "any alternative inside China. The word is used loosely in Chinese debate.",
        (DEFINITION, FUZZY),
    ),
    "criteria": Cited(
        "One technology an article, not one industry. Products that are unusually hard to import are counted as well.",
        (HARD_TO_IMPORT, BY_TECHNOLOGY),
    ),
    "goals": Cited(
        "Domestic content of core materials: 40 percent by 2020 and 70 percent by 2025. Self-sufficiency in technology "
        "by 2035, a goal set in October 2020, after the series.",
        (CONTENT_TARGET, SELF_SUFFICIENCY),
    ),
}
DEPENDENT_COUNTRY = "CN"

SECTOR_NAMES = {
    "semiconductors": "Semiconductors",
    "electronics-components": "Electronic components",
    "displays": "Displays",
    "software": "Software",
    "aerospace": "Aerospace",
    "materials": "Materials",
    "machinery": "Machinery",
    "energy": "Energy",
    "instruments": "Instruments",
    "life-sciences": "Life sciences",
    "marine": "Marine",
    "robotics-sensing": "Robotics and sensing",
}

STATUS_OF_LEVEL = {
    "total": "critical",
    "high": "dependent",
    "moderate": "dependent",
    "unknown": "undetermined",
}
MEANING_OF_LEVEL = {
    "total": "a source says that no domestic product existed, or that practically the whole market was foreign",
    "high": "most of the need, or all of the high end, came from abroad",
    "moderate": "a source gives an import share of half or less",
    "unknown": "no source that was read supports a level",
}
