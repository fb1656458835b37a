"""Addresses of services: what can be told of them, and whether they are this machine itself."""

import ipaddress
from urllib.parse import urlsplit


def host_of(address: str) -> str:
    """Host and port, for messages: without user, password, path and query."""
    return urlsplit(address).netloc.rpartition("@")[2]


def shown(address: str) -> str:
    """An address as it may be told to anyone: nothing of it but scheme, host and port."""
    host = host_of(address)
    return f"{urlsplit(address).scheme}://{host}" if host else "(no address)"


def is_loopback(address: str) -> bool:
    """Whether it is this machine, which no proxy stands before."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_plain(address: str) -> bool:
    """Whether it is an http(s) address with nothing in it that is a secret or gets lost when a path is put behind it."""
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.username or parts.password or parts.query or parts.fragment)
