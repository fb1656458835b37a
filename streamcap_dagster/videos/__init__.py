"""The source's videos: found, named, probed, listed in the manifest, copied."""
