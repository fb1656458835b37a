"""Where runs work: Dagster's launchers, each taught to tell a run that is lost from one that is not. Named in `dagster.yaml` and below `deploy/`."""
