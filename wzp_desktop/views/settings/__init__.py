"""The settings dialog: one file per section."""
