"""Dagster's code server where it runs for months, and runs in it that are noticed when they are gone. The only file that knows a launcher's inner parts.

`python -m streamcap_dagster.launchers.code_server --host … --port …` is `dagster api grpc` on these definitions, of which two things are made sure:
a server that cannot look after its runs any more ends, so that whoever keeps it up starts it again; and runs that went with it are found.
"""

import json
import os
import runpy
import sys
import threading
from typing import cast

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

_PATIENCE_S = 10
_BROKEN = 70


class CodeServerRunLauncher(dg.DefaultRunLauncher):
    """Dagster's default launcher, which calls every run well, but asking the code server whether it has the run's process.

    For servers of `dagster api grpc`. One of `dagster code-server start`, as in `dagster dev`, answers only for the runs since its last reload.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """It does, so that run monitoring asks."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the run's process exists. A run that no server was asked to start, and one whose server does not answer now, pass for well."""
        address = json.loads(run.tags.get(GRPC_INFO_TAG, "{}"))
        if not address or _has_process(DagsterGrpcClient(**address), run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "the code server was started anew, and the run's process ended with the one before")


def _has_process(server: DagsterGrpcClient, run_id: str) -> bool:
    try:
        answer = server.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id), timeout=_PATIENCE_S)
    except DagsterUserCodeUnreachableError:
        return True  # it is told when the server is back
    return cast(CanCancelExecutionResult, deserialize_value(answer)).can_cancel


def _end(died: threading.ExceptHookArgs) -> None:
    """Dagster watches a server's runs in a thread that does not outlive a lost database: without it the server only looks well."""
    threading.__excepthook__(died)
    sys.stderr.flush()
    os._exit(_BROKEN)


if __name__ == "__main__":
    threading.excepthook = _end
    sys.argv = ["dagster", "api", "grpc", "--module-name", "streamcap_dagster.definitions", *sys.argv[1:]]
    runpy.run_module("dagster", run_name="__main__")
