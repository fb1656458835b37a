"""A page on which a person watches a video with what was said of it, and decides; and the same page as one file to send.

It shows what every step made, so it stands above the steps; nothing of it knows Dagster or a setting.
"""
