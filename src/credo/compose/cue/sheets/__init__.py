"""The cue sheet: what is asked for, in records, TOML and timecode."""
