"""Where alerts are sent to, as a Dagster resource: any address that takes Slack's `{"text": …}`."""

import os

import dagster as dg
import requests
from pydantic import Field
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

_ANSWER_WITHIN_S = 10
_SHORTEST_SECRET = 8
_AGAIN = Retry(total=3, read=0, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=("POST",), raise_on_status=False)
"""A message of which nobody said whether it arrived is not sent again."""


class WebhookResource(dg.ConfigurableResource[None]):
    """The address is a secret: whoever knows it can post. Where there is none nothing is sent."""

    url: str = Field("", description="address that takes a POST of Slack's JSON; empty sends nothing")

    def send(self, text: str) -> str:
        """Post a message; what went wrong in words without the address, or nothing."""
        if not self.url:
            return ""
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=_AGAIN))
            try:
                answer = session.post(self.url, json={"text": text}, timeout=_ANSWER_WITHIN_S, allow_redirects=False)
            except requests.RequestException as error:  # its text has the address
                return f"the webhook of STREAMCAP_ALERT_WEBHOOK did not take the message: {type(error).__name__}"
        return "" if answer.ok else f"the webhook of STREAMCAP_ALERT_WEBHOOK did not take the message: HTTP {answer.status_code}"


def without_secrets(text: str, names: tuple[str, ...]) -> str:
    """The text without the values of these variables of the environment, should one have got into it."""
    for value in (os.environ.get(name, "").strip() for name in names):
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "***")
    return text
