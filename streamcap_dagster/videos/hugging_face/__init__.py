"""Datasets of the Hugging Face Hub as far as a source of videos needs them: what one holds at a commit, and the bytes of it."""
