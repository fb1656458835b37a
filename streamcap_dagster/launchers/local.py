"""Runs on one machine, as `dagster dev` starts them, that are noticed when their process is gone. The only file that knows this launcher's inner parts.

It is the code server that tells when a run's process dies. One that was itself killed tells nothing, and one whose database was full or held at that
moment stops looking for good: Dagster would call the run started for ever, and count it among those that may run side by side.
"""

import re
from collections.abc import Iterator

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus

from streamcap_dagster.storage.processes import is_gone_from_here, process_of_machine, this_machine

MACHINE = "streamcap/machine"
"""Tag of a run: the machine, since it was started, on which its process was begun."""
PROCESS = "streamcap/process"
"""Tag of a run in the process of a command: which process that is."""
_BEGAN = re.compile(r"Started process for run \(pid: (\d+)\)")


class LocalRunLauncher(dg.DefaultRunLauncher):
    """Dagster's default launcher, which calls every run well, but looking for the run's process on this machine."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Have a code server of this machine begin it."""
        self._instance.add_run_tags(context.dagster_run.run_id, {MACHINE: this_machine()})
        super().launch_run(context)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """It does, so that run monitoring asks."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the run's process exists. One that was not begun here, or not yet, passes for well."""
        processes = [process_of_command(run)] if process_of_command(run) else list(self._begun_for(run))
        if processes and all(map(is_gone_from_here, processes)):
            return CheckRunHealthResult(WorkerStatus.FAILED, "the run's process is gone, and nobody told")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _begun_for(self, run: dg.DagsterRun) -> Iterator[str]:
        events = self._instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        found = (_BEGAN.search(event.message) for event in events)
        return (process_of_machine(run.tags.get(MACHINE, ""), int(match[1])) for match in found if match)


def process_of_command(run: dg.DagsterRun) -> str:
    """The process of the command that a run is a part of, if it is of one. A run that is made again has the tags of the first, but another process."""
    return "" if run.parent_run_id else run.tags.get(PROCESS, "")
