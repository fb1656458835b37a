"""What Dagster's Helm chart knows, as far as deploy/k8s/values.yaml uses it: keys and types, and no other key."""

# ruff: noqa: N815  the chart has these names

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

QUANTITY = r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi|Ti)?$"
Quantity = Annotated[str, StringConstraints(pattern=QUANTITY)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Image(Strict):
    repository: str
    tag: str
    pullPolicy: Literal["Always", "IfNotPresent", "Never"]


class Resources(Strict):
    requests: dict[Literal["cpu", "memory", "ephemeral-storage"], Quantity]
    limits: dict[Literal["cpu", "memory", "ephemeral-storage"], Quantity]


class Service(Strict):
    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    port: int


class Port(Strict):
    port: int


class Switch(Strict):
    enabled: bool


class Named(Strict):
    name: str


class Mount(Strict):
    name: str
    mountPath: str


class EmptyDir(Strict):
    sizeLimit: Quantity


class Volume(Strict):
    name: str
    emptyDir: EmptyDir


class Global(Strict):
    postgresqlSecretName: str
    serviceAccountName: str


class ServiceAccount(Strict):
    create: bool
    annotations: dict[str, str]


class PostgreSQL(Strict):
    enabled: Literal[False]
    postgresqlHost: str
    postgresqlUsername: str
    postgresqlDatabase: str
    postgresqlScheme: Literal["postgresql+psycopg2"]
    postgresqlParams: dict[str, int | str]
    service: Port


class Webserver(Strict):
    image: Image
    service: Service
    resources: Resources


class UserDeployment(Strict):
    name: str
    image: Image
    dagsterApiGrpcArgs: list[str]
    port: int
    includeConfigInLaunchedRuns: Switch
    env: dict[str, str]
    envSecrets: list[Named]
    resources: Resources
    volumeMounts: list[Mount]
    volumes: list[Volume]


class UserDeployments(Strict):
    enabled: bool
    deployments: list[UserDeployment]


class CustomRunLauncher(Strict):
    """What is configured the chart does not look into."""

    module: str
    class_name: str = Field(alias="class")
    config: dict[str, Any]


class RunLauncherConfig(Strict):
    customRunLauncher: CustomRunLauncher


class RunLauncher(Strict):
    type: Literal["CustomRunLauncher"]
    config: RunLauncherConfig


class ComputeLogManager(Strict):
    type: Literal["NoOpComputeLogManager"]


class Runs(Strict):
    maxConcurrentRuns: int


class Pools(Strict):
    granularity: Literal["run", "op"]
    defaultLimit: int


class Concurrency(Strict):
    enabled: bool
    runs: Runs
    pools: Pools


class QueuedRunCoordinator(Strict):
    """Empty: what it could say, `concurrency` says."""


class RunCoordinatorConfig(Strict):
    queuedRunCoordinator: QueuedRunCoordinator


class RunCoordinator(Strict):
    enabled: bool
    type: Literal["QueuedRunCoordinator"]
    config: RunCoordinatorConfig


class RunMonitoring(Strict):
    enabled: bool
    startTimeoutSeconds: int
    cancelTimeoutSeconds: int
    maxResumeRunAttempts: int
    pollIntervalSeconds: int
    freeSlotsAfterRunEndSeconds: int


class Daemon(Strict):
    enabled: bool
    image: Image
    runCoordinator: RunCoordinator
    runMonitoring: RunMonitoring
    runRetries: Switch
    resources: Resources


class Days(Strict):
    skipped: int
    success: int
    failure: int
    started: int


class TickRetention(Strict):
    purgeAfterDays: int | Days


class Retention(Strict):
    enabled: bool
    sensor: TickRetention
    schedule: TickRetention


class Values(Strict):
    globals: Global = Field(alias="global")
    generatePostgresqlPasswordSecret: bool
    serviceAccount: ServiceAccount
    postgresql: PostgreSQL
    dagsterWebserver: Webserver
    user_deployments: UserDeployments = Field(alias="dagster-user-deployments")
    runLauncher: RunLauncher
    computeLogManager: ComputeLogManager
    concurrency: Concurrency
    dagsterDaemon: Daemon
    retention: Retention
    telemetry: Switch
    additionalInstanceConfig: dict[str, Any]
    rabbitmq: Switch
    redis: Switch
    flower: Switch
    ingress: Switch
