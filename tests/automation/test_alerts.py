"""What people are told of runs that went wrong, posted to a webhook on this machine."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dagster as dg
import pytest

from streamcap_dagster.automation.alerts import NAMED, alert_of_failed_checks, alert_of_failed_runs
from streamcap_dagster.resources.webhook import WebhookResource


@dataclass
class Hook:
    """A server that takes messages, or answers with what it is told to."""

    statuses: list[int] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def hook() -> Iterator[Hook]:
    taken = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = taken.statuses.pop(0) if taken.statuses else 200
            if status == 200:
                assert set(body) == {"text"}
                taken.messages.append(body["text"])
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    taken.url = f"http://127.0.0.1:{server.server_port}/services/T000/B000/very-secret-token"
    yield taken
    server.shutdown()
    server.server_close()


def failing(error: Exception) -> dg.AssetsDefinition:
    @dg.asset
    def captions() -> None:
        raise error

    return captions


def of_videos(reasons: dict[str, str], **more: dg.MetadataValue) -> dg.Failure:
    """The failure that a walk ends with."""
    return dg.Failure("some failed", metadata={"failed": dg.MetadataValue.json(list(reasons)), "reasons": dg.MetadataValue.json(reasons), **more})


def told(sensor: dg.RunStatusSensorDefinition, asset: dg.AssetsDefinition, url: str) -> str | None:
    """Run an asset, then let the sensor see how it ended; why it says it does nothing more."""
    with dg.instance_for_test() as instance:
        result = dg.materialize([asset], instance=instance, raise_on_error=False)
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        kind = dg.DagsterEventType.RUN_FAILURE if not result.success else dg.DagsterEventType.RUN_SUCCESS
        event = instance.get_records_for_run(run.run_id, of_type=kind).records[0].event_log_entry.get_dagster_event()
        context = dg.build_run_status_sensor_context(sensor.name, event, instance, run)
        return sensor(context, webhook=WebhookResource(url=url)).skip_message


def test_a_failed_run_is_one_message_that_names_its_videos_and_why(hook: Hook) -> None:
    told(alert_of_failed_runs, failing(of_videos({"cat": "video cat: it is too sad. Cheer it up.", "dog": "video dog: it is cut short."})), hook.url)

    (message,) = hook.messages
    assert "• video cat: it is too sad. Cheer it up.\n• video dog: it is cut short." in message
    assert "a run of assets" in message


def test_a_run_that_was_stopped_tells_what_stopped_it(hook: Hook) -> None:
    stopped = of_videos({}, stopped=dg.MetadataValue.text("the budget is reached"), unfinished=dg.MetadataValue.json(["cat"]))
    told(alert_of_failed_runs, failing(stopped), hook.url)

    assert "• stopped: the budget is reached" in hook.messages[0]


def test_an_error_that_no_video_caused_is_told_by_its_first_cause(hook: Hook) -> None:
    told(alert_of_failed_runs, failing(ValueError("the disk is full")), hook.url)

    assert "• ValueError: the disk is full" in hook.messages[0]


def test_very_many_failed_videos_are_counted(hook: Hook) -> None:
    told(alert_of_failed_runs, failing(of_videos({f"v{number}": "sad" for number in range(NAMED + 5)})), hook.url)

    assert hook.messages[0].endswith("• and 5 more")


def test_what_slack_would_take_for_markup_is_escaped(hook: Hook) -> None:
    told(alert_of_failed_runs, failing(of_videos({"cat": "video cat: <!channel> & <http://elsewhere|a link>"})), hook.url)

    assert "&lt;!channel&gt; &amp; &lt;http://elsewhere|a link&gt;" in hook.messages[0]


def test_a_secret_that_got_into_a_reason_is_not_sent_on(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIzaVerySecretKey")
    told(alert_of_failed_runs, failing(of_videos({"cat": "refused with AIzaVerySecretKey"})), hook.url)

    assert "refused with ***" in hook.messages[0]


def test_a_run_that_ended_well_with_a_failed_check_is_a_message(hook: Hook) -> None:
    @dg.asset(check_specs=[dg.AssetCheckSpec("rows", asset="captions"), dg.AssetCheckSpec("looks", asset="captions")])
    def captions() -> dg.MaterializeResult:
        return dg.MaterializeResult(
            check_results=[
                dg.AssetCheckResult(check_name="rows", passed=False, description="3 rows are missing"),
                dg.AssetCheckResult(check_name="looks", passed=False, severity=dg.AssetCheckSeverity.WARN),
            ]
        )

    told(alert_of_failed_checks, captions, hook.url)

    assert hook.messages[0].splitlines()[1:] == ["• check rows of captions: 3 rows are missing"]


def test_nobody_is_told_of_a_run_that_ended_well(hook: Hook) -> None:
    @dg.asset
    def captions() -> None: ...

    assert told(alert_of_failed_checks, captions, hook.url) == "no check failed"
    assert hook.messages == []


def test_a_webhook_that_is_away_for_a_moment_is_asked_again(hook: Hook) -> None:
    hook.statuses = [503, 503]
    assert told(alert_of_failed_runs, failing(of_videos({"cat": "sad"})), hook.url) == "sent"
    assert len(hook.messages) == 1


def test_a_webhook_that_refuses_is_told_of_without_its_address(hook: Hook) -> None:
    hook.statuses = [404]
    said = told(alert_of_failed_runs, failing(of_videos({"cat": "sad"})), hook.url)
    assert said == "the webhook of STREAMCAP_ALERT_WEBHOOK did not take the message: HTTP 404"


def test_without_a_webhook_the_message_is_in_the_log_only() -> None:
    said = told(alert_of_failed_runs, failing(of_videos({"cat": "video cat: it is too sad."})), "")
    assert said == "logged; STREAMCAP_ALERT_WEBHOOK is not set"
