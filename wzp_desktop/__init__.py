"""The desktop application: AppState values in, Command values out."""

from pathlib import Path
from typing import Final

RESOURCES: Final = Path(__file__).resolve().parent.parent / "resources"
