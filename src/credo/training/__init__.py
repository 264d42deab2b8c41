"""Pretraining, fine-tuning and runs that survive."""
