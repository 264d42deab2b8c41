"""Music to a brief: exact lengths, hit points, loops, stems and versions."""
