"""`python -m streamcap_dagster.cli` is `streamcap`."""

from streamcap_dagster.cli import main

main()
