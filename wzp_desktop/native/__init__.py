"""One service of the desktop each."""
