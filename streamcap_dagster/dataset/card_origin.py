"""Where a dataset comes from, as its card tells it: licences and credits, the words that were asked with, what it cost, and what it does not know."""

import re
from collections.abc import Iterable, Sequence

from streamcap_dagster.dataset.background import Background, Paid
from streamcap_dagster.dataset.contents import Contents
from streamcap_dagster.dataset.markdown import plain, table
from streamcap_dagster.dataset.splits import FEWEST_GROUPS
from streamcap_dagster.licences import licence_id

SOURCES_SHOWN = 100


def licences(contents: Contents) -> list[str]:
    """For the card's YAML: all that occur, `other` when one of them is not known to the Hub, `unknown` when one is not told."""
    found = {licence_id(licence) for licence, _, _ in contents.measures.sources}
    if "" in found:
        return ["unknown"]
    return ["other"] if "other" in found else sorted(found)


def sources(contents: Contents) -> list[str]:
    counted = contents.measures.sources
    if not counted:
        return []
    listed = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    rows = [(_told(licence), plain(credit), plain(url), f"{count:,}") for (licence, credit, url), count in listed[:SOURCES_SHOWN]]
    rest = sum(count for _, count in listed[SOURCES_SHOWN:])
    unknown = sum(count for (licence, _, _), count in counted.items() if not licence_id(licence))
    parts = ["## Licences and credits", table(("licence", "credit", "source", "videos"), rows)]
    if rest:
        parts.append(f"And {rest:,} more videos; every row has its own `license`, `credit` and `source_url`.")
    if unknown:
        parts.append(f"Of {unknown:,} videos no licence is known: find out whether you may use them before you do.")
    return parts


def _told(licence: str) -> str:
    return plain(licence) if licence_id(licence) else "**not told**"


def prompts(contents: Contents, background: Background) -> list[str]:
    """The very words, for each version that captions were asked with, and for objectives."""
    versions = {version for _, _, version in contents.voices if version}
    if any(contents.rows[config, split] for config, split in contents.rows if config == "rl"):
        versions |= {version for version in background.prompts if version.startswith("objectives.")}
    if not versions:
        return []
    return ["## What the captioner was asked", *(part for version in sorted(versions) for part in _asked(version, background.prompts.get(version)))]


def _asked(version: str, words: str | None) -> list[str]:
    if words is None:
        return [f"Version {plain(version)}: asked by another version of this program; the `conversations` of the config `sft` hold its words."]
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", words)), default=0))
    return [f"Version {plain(version)}:", f"{fence}text\n{words}\n{fence}"]


def cost(paid: Sequence[Paid] | None, contents: Contents) -> list[str]:
    if not contents.voices:
        return []
    if paid is None:
        return ["## Cost", "What the captions cost is not known: the answers that are kept cannot be read."]
    if not paid:
        return ["## Cost", "No service was paid for the captions and objectives of this dataset."]
    rows = [(plain(one.model), f"{one.answers:,}", f"{one.input_tokens:,}", f"{one.output_tokens:,}", f"${one.cost_usd:,.4f}") for one in paid]
    total = sum(one.cost_usd for one in paid)
    told = f"The answers that this dataset is made of cost ${total:,.2f} at the prices of the days on which they were given."
    return ["## Cost", told, table(("model", "answers", "input tokens", "output tokens", "cost"), rows)]


def limits() -> str:
    return "## What it does not know\n\n" + "\n".join(f"- {limit}" for limit in _limits())


def _limits() -> Iterable[str]:
    yield "Captions are made from stills: what happens between two of them, and all sound, is not in it."
    yield "Captions and objectives are written by a program and were read by nobody unless a row says so. They can be wrong, and can name what is not there."
    yield "A delta is new compared with what was said before, not with all that could be seen before."
    yield "Rewards compare words. Other words for the same thing count as new, and what is invented is not noticed."
    yield "Nobody looked for faces, names or number plates; text on screen may be quoted in captions."
    yield "Videos that resemble each other are kept in one split as far as their frames or their `group` tell; other kinship is not known."
    yield f"With fewer than {FEWEST_GROUPS} groups of videos everything is `train`."
    yield "Silent windows are made rarer in `sft`; `stream` has all of them."
