"""A Gemini service on this machine: its HTTP, quotas and faults, with captions from the pixels it is sent. Shares no code with the client."""
