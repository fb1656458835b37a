"""A Hugging Face Hub for datasets on this machine: the HTTP that `huggingface_hub` and `datasets` speak, strict in what it takes, with faults."""
