"""Restricted Boltzmann machines and deep belief networks, on keras.ops alone."""
