"""From the Hugging Face dataset in the storage to folders that trainers load as they are: one file per format, pictures carried through as bytes."""
