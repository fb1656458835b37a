"""A tick of the source's sensor over 100,000 files, beside a tick of Dagster's automation conditions over as many partitions of three assets."""

import json
import sys
import time

import dagster as dg

from benchmarks.processes import peak_mb, run_module
from streamcap_dagster.automation.source import source_sensor
from streamcap_dagster.partitions import register_videos
from streamcap_dagster.settings import Settings, read_settings
from streamcap_dagster.wiring import source_for


def measure(settings: Settings) -> dict[str, object]:
    """Seconds of the second tick of each, which finds nothing new."""
    ours, theirs = (run_module(__spec__.name, settings, whose) for whose in ("ours", "theirs"))
    return {
        "tick_s": ours["seconds"],
        "tick_cpu_s": ours["cpu_s"],
        "tick_peak_mb": ours["peak_mb"],
        "automation_conditions_tick_s": theirs["seconds"],
        "automation_conditions_tick_cpu_s": theirs["cpu_s"],
        "tick_target_s": 2,
    }


def _ours() -> None:
    settings = read_settings()
    sensor, cursor = source_sensor(settings), None
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            context = dg.build_sensor_context(instance, cursor=cursor, resources={"video_source": source_for(settings)})
            began, spent = time.monotonic(), time.process_time()
            cursor = sensor.evaluate_tick(context).cursor
            took = {"seconds": round(time.monotonic() - began, 2), "cpu_s": round(time.process_time() - spent, 2)}
    print(json.dumps({**took, "peak_mb": peak_mb()}))


def _theirs() -> None:
    """Three assets in a row that are made where they are missing."""
    videos = dg.DynamicPartitionsDefinition(name="videos")
    condition = dg.AutomationCondition.missing() & ~dg.AutomationCondition.in_progress()
    specs = [dg.AssetSpec(f"a{n}", deps=[f"a{n - 1}"] if n else [], partitions_def=videos, automation_condition=condition) for n in range(3)]
    definitions = dg.Definitions(assets=[dg.multi_asset(specs=specs, can_subset=True, name="three")(lambda: None)])
    with dg.DagsterInstance.ephemeral() as instance:
        register_videos(instance, [f"v{number:06d}" for number in range(100_000)])
        first = dg.evaluate_automation_conditions(definitions, instance)
        began, spent = time.monotonic(), time.process_time()
        dg.evaluate_automation_conditions(definitions, instance, cursor=first.cursor)
        print(json.dumps({"seconds": round(time.monotonic() - began, 2), "cpu_s": round(time.process_time() - spent, 2)}))


if __name__ == "__main__":
    {"ours": _ours, "theirs": _theirs}[sys.argv[1]]()
