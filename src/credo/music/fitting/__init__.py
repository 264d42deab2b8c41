"""Any score onto a texture: its notes placed on voices and moved to steps, and what was lost written down."""
