"""The least time that captioning could take: by the service's latencies along a chain, by its quota, by the link, and by our own CPU on one core."""

import re
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterable

from benchmarks.captioning.service import Service, latency_s
from streamcap_dagster.records import Captions

_SAID = re.compile(r"of the kind (\w{12})\.$")
_MEASURED_BYTES = 256 << 20


def longest_chain_s(service: Service, latency_ms: tuple[int, int], said: Iterable[Captions]) -> float:
    """The longest chain of latencies, by the journal; an answer by hash names the content that it answers, so that it can be found there."""
    content = {str(row["content"])[:12]: row["content"] for row in service.rows()}
    chains: defaultdict[tuple[str, int], float] = defaultdict(float)
    for captions in said:
        for caption in captions.captions:
            found = _SAID.search(caption.text)
            assert found is not None, f"{caption.text!r} is no answer by hash"
            chains[captions.video_id, caption.clip] += latency_s(content[found[1]], latency_ms)
    return max(chains.values())


def link_bytes_per_s() -> float:
    """What goes over the loopback interface in a second, one connection and nothing else to do."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        receiver = threading.Thread(target=_swallow, args=(listening,))
        receiver.start()
        chunk, began = bytes(1 << 20), time.perf_counter()
        with socket.create_connection(listening.getsockname()) as sender:
            for _ in range(_MEASURED_BYTES // len(chunk)):
                sender.sendall(chunk)
        receiver.join()
        return _MEASURED_BYTES / (time.perf_counter() - began)


def _swallow(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        while connection.recv(1 << 20):
            pass
