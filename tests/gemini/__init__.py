"""Gemini as a whole: `streamcap` as a user runs it, through the real SDK, against an emulator that misbehaves as the service does."""
