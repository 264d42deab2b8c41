"""Whether a folder of music is fit to train on."""
