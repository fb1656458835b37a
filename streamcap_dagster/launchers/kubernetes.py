"""Runs as pods of a Kubernetes cluster. Its launcher is an extra, as `deploy/k8s` says, and only this file imports it."""

from dagster_k8s import K8sRunLauncher

from streamcap_dagster.launchers.clusters import AsksForItsOwn


class PodRunLauncher(AsksForItsOwn, K8sRunLauncher):
    """Dagster's launcher for Kubernetes, with its configuration."""

    no_such_job = "could not be found"
