"""What several steps see in a picture without knowing what things are: small pictures, and names of colours."""
