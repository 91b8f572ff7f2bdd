"""Protocol, audio and call engine of an end-to-end encrypted softphone."""

__version__ = "0.1.0"
