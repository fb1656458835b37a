"""What a dataset's card tells of the quality of its captions: the thresholds that they pass, and how many do."""

from streamcap_dagster.dataset.contents import Contents
from streamcap_dagster.dataset.markdown import plain, table
from streamcap_dagster.quality.thresholds import Verdict
from streamcap_dagster.quality.verdicts import judge

_VERDICTS: dict[Verdict, str] = {"ok": "fine", "warn": "worth a look", "error": "**too many**"}


def quality(contents: Contents) -> list[str]:
    """Nothing where nothing was measured."""
    judged = [found for found in judge(contents.measures.quality, "dataset") if found.of]
    if not judged:
        return []
    how = (
        "Measured by `streamcap_dagster.quality` from the words of every caption as it is in the rows, without a model. `novelty`, `redundancy` and "
        "`words_per_s` of a row tell of its last window what `quality_flags` hold against it: a flag has the name of a metric, with `_error` behind it where "
        "it is far off. Things that happen again and are told in the same words count as repeated; what is told in other words counts as new."
    )
    rows = [(f"`{found.metric.name}`", plain(found.told), _VERDICTS[found.verdict]) for found in judged]
    return ["## Quality of the captions", how, *_means(contents), table(("flag", "how many", "verdict"), rows)]


def _means(contents: Contents) -> list[str]:
    means = contents.measures.delta_means
    if means is None:
        return []
    return [
        f"On average a delta that says something has {means['words_per_s']:.1f} words a second, and its most repeated sentence is by "
        f"{means['redundancy']:.0%} one that was said before."
    ]
