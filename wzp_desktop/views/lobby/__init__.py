"""The lobby: one file per card."""
