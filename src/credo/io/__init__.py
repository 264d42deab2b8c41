"""Files to scores and back."""
