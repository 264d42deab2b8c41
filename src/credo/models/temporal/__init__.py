"""Machines for streams of frames: in each, what came before gives a stack its biases."""
