"""Players made from a cue's folder: a page for any browser, and a Godot project."""
