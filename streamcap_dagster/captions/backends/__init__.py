"""Who answers: one file a captioner. Each only translates; prompts, chain, pacing, retries and the call store are the same for all."""
