"""The name an identity has before its owner chooses one."""

_ADJECTIVES = (
    *("Swift", "Silent", "Brave", "Calm", "Dark", "Fierce", "Ghost", "Iron", "Lucky", "Noble", "Quick", "Sharp"),
    *("Storm", "Wild", "Cold", "Bright", "Lone", "Red", "Grey", "Frosty", "Dusty", "Rusty", "Neon", "Void", "Solar"),
    *("Lunar", "Cyber", "Pixel", "Sonic", "Hyper", "Turbo", "Nano", "Mega", "Ultra", "Zinc"),
)
_NOUNS = (
    *("Wolf", "Hawk", "Fox", "Bear", "Lynx", "Crow", "Viper", "Cobra", "Tiger", "Eagle", "Shark", "Raven", "Falcon"),
    *("Otter", "Mantis", "Panda", "Jackal", "Badger", "Heron", "Bison", "Condor", "Coyote", "Gecko", "Hornet"),
    *("Marten", "Osprey", "Parrot", "Puma", "Raptor", "Stork", "Toucan", "Walrus"),
)


def derived_alias(seed: bytes) -> str:
    """Adjective and noun picked by the seed's first four bytes (desktop.md §6)."""
    adjective = int.from_bytes(seed[0:2], "little") % len(_ADJECTIVES)
    noun = int.from_bytes(seed[2:4], "little") % len(_NOUNS)
    return f"{_ADJECTIVES[adjective]} {_NOUNS[noun]}"
