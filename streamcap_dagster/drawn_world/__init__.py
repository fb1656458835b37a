"""Draws short videos of simple scenes together with the truth about them: what there is, what happens when, and how a good caption puts it."""
