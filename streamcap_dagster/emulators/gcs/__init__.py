"""A Google Cloud Storage on this machine: its JSON API over HTTP, strict in what it takes, with faults. Shares no code with the client."""
