"""Tests of pacing may ask for an emulated Google Cloud Storage."""

from tests.gcs import gcs

__all__ = ["gcs"]
