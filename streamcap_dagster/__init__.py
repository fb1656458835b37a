"""Any pile of videos in, a streaming-caption dataset out, as a Dagster graph with one partition per video."""
