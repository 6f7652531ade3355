"""Who is at the keyboard."""

from getpass import getuser


def user_name() -> str | None:
    """The name of the user, or None where there is no user database, as in a bare container."""
    try:
        return getuser()
    except (OSError, KeyError, ImportError):
        return None
