"""What tells people that a run went wrong: one message per run, to Dagster's log and to a webhook where there is one."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from streamcap_dagster.resources.webhook import WebhookResource, without_secrets
from streamcap_dagster.settings import SECRETS

NAMED = 20
_LONGEST_REASON = 300
_LONGEST = 3000
"""Characters of a message that Slack shows without folding it."""
_ABOUT = (
    "Sends one message to STREAMCAP_ALERT_WEBHOOK, and writes it to the log of its tick, for each run that {when}, with the videos and why. "
    "Runs of `streamcap run` in a terminal are told there."
)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    name="alert_of_failed_runs",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=_ABOUT.format(when="failed"),
)
def alert_of_failed_runs(context: dg.RunStatusSensorContext, webhook: WebhookResource) -> dg.SkipReason:
    """Also of runs that were killed, once they are noticed."""
    return _told(context, webhook, message_of_failure(context.instance, context.dagster_run, context.dagster_event.message or ""))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="alert_of_failed_checks",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=_ABOUT.format(when="ended well although a check failed"),
)
def alert_of_failed_checks(context: dg.RunStatusSensorContext, webhook: WebhookResource) -> dg.SkipReason:
    """Warnings are for whoever looks at the pages; errors are for everybody."""
    failed = list(_failed_checks(context.instance, context.dagster_run.run_id))
    if not failed:
        return dg.SkipReason("no check failed")
    return _told(context, webhook, _message(f"checks failed in {_name(context.dagster_run)}", failed))


def message_of_failure(instance: dg.DagsterInstance, run: dg.DagsterRun, why: str) -> str:
    """What failed in a run: its videos with the reason of each, what stopped it, or how its process ended."""
    lines: list[str] = []
    for record in instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records:
        lines += _of_step(record.event_log_entry)
    return _message(f"{_name(run)} failed", [*(lines or [why]), *_failed_checks(instance, run.run_id)])


def _of_step(entry: dg.EventLogEntry) -> Iterator[str]:
    failure = entry.get_dagster_event().step_failure_data
    told = failure.user_failure_data
    if told is None:
        error = failure.error
        while error is not None and error.cause is not None:
            error = error.cause
        yield error.message.strip() if error is not None else "a step failed"
        return
    if "stopped" in told.metadata:
        yield f"stopped: {told.metadata['stopped'].value}"
    reasons = told.metadata.get("reasons")
    found: Mapping[str, Any] = reasons.value if isinstance(reasons, dg.JsonMetadataValue) and isinstance(reasons.value, dict) else {}
    yield from (str(reason) for reason in found.values())
    if not found and "stopped" not in told.metadata:
        yield told.description or "a step failed"


def _failed_checks(instance: dg.DagsterInstance, run_id: str) -> Iterator[str]:
    for record in instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records:
        check = record.event_log_entry.get_dagster_event().asset_check_evaluation_data
        if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR:
            of = f" of {check.partition}" if check.partition else ""
            yield f"check {check.check_name} of {check.asset_key.to_user_string()}{of}: {check.description or 'failed'}"


def _message(headline: str, lines: list[str]) -> str:
    """Plain text with what Slack would take for its markup escaped."""
    shown = [f"• {line if len(line) <= _LONGEST_REASON else line[:_LONGEST_REASON] + '…'}" for line in lines[:NAMED]]
    more = [f"• and {len(lines) - NAMED} more"] if len(lines) > NAMED else []
    text = without_secrets("\n".join([f"streamcap: {headline}", *shown, *more]), SECRETS)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _name(run: dg.DagsterRun) -> str:
    """How a person finds the run again."""
    what = "a run of assets" if run.job_name.startswith("__") else run.job_name
    launched = run.tags.get("streamcap/launched_by") or run.tags.get("dagster/backfill")
    return f"run {run.run_id[:8]} ({what}{f', of {launched}' if launched else ''})"


def _told(context: dg.RunStatusSensorContext, webhook: WebhookResource, message: str) -> dg.SkipReason:
    """What cannot be delivered stays in the log of the tick."""
    context.log.warning(message)
    trouble = webhook.send(message)
    if trouble:
        context.log.error(trouble)
    return dg.SkipReason(trouble or ("sent" if webhook.url else "logged; STREAMCAP_ALERT_WEBHOOK is not set"))
