"""The keys of the window, as the settings list them."""

SETTINGS, SEARCH, DIAL, MUTE, SPEAKER, END = "Ctrl+,", "Ctrl+F", "Ctrl+D", "M", "S", "Q"

_MEANING = {
    SETTINGS: "settings",
    SEARCH: "search people",
    DIAL: "call by fingerprint",
    MUTE: "mute and unmute, in calls and rooms",
    SPEAKER: "speaker off and on, in calls and rooms",
    END: "hang up or leave",
    "Space": "talk, while push to talk is on",
    "Tab, Shift+Tab": "to the next control and back",
    "Enter": "press the chosen button, or call the person chosen in a list",
    "Escape": "close a dialog without answering it, or a call that is over",
    "Alt": "with the underlined letter of a button: press it",
}
KEYS = "\n".join(f"{key}: {meaning}" for key, meaning in _MEANING.items())
