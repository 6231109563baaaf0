"""What must not be so on a server that other machines can reach."""

from ipaddress import IPv6Address, ip_address

from django.conf import settings

SHORTEST_KEY = 20  # characters; whoever can guess the key signs cookies as they please
INSECURE_KEY = "django-insecure-"  # so begin the keys that are published with code


def is_local(address: str) -> bool:
    """Whether only this machine reaches what listens on an IP address."""
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_loopback


def dangers() -> list[str]:
    """What anybody who can reach the server could use to take it over, as the settings are."""
    key = settings.SECRET_KEY
    found = {
        "ABREAST_DEBUG is on": settings.DEBUG,
        "ABREAST_SECRET_KEY can be guessed": len(key) < SHORTEST_KEY or key.startswith(INSECURE_KEY),
        "ABREAST_ALLOWED_HOSTS is *": "*" in settings.SERVED_HOSTS,
        "ABREAST_SHELL is trusted": settings.SHELL == "trusted",
    }
    return [what for what, is_so in found.items() if is_so]
