"""What is said while sound is recorded for finding faults."""

from wzp_core.session.state import AppState


def recording_text(state: AppState) -> str:
    """Empty while nothing is recorded."""
    file = state.recording.file
    return f"Your voice and the voices you hear are being recorded in {file}" if file else ""


def recording_meaning(folder: str) -> str:
    """What the switch does."""
    return (
        "For finding faults only: writes what your microphone hears, what you hear and what is made of your voice. "
        f"Tell the others: their voices are in it too. Each call or room makes a file in {folder}, "
        "of ten minutes at the most."
    )
