"""From the dataset's folder to a repository on the Hugging Face Hub: checked before anything is sent, then sent as one commit."""
