"""What goes round a captioner behind a network: pacing to its quota, retries, proof of pairing, accounts and a ledger."""
