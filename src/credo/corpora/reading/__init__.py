"""What `ingest` is made of: files found, read in processes of their own, compared and split."""
