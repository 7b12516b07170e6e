"""A folder from which the program can read the sandbox: a key pair and a settings file that names this sandbox.

Used by the commands `sandbox` and `demo`; the public half of the key is registered with the sandbox's Maskinporten.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.errors import ConfigError
from config.fields import KeyRef
from config.keys import SigningKey, create_key, load_signing_key
from config.private_file import write_private
from sync.sandbox.seed import people

SETTINGS = "dialogarkiv.toml"
KEY = "maskinporten.jwk"


@dataclass(frozen=True)
class Stage:
    """`settings` is what `--config` takes; `key` signs as the demo's Maskinporten client."""

    folder: Path
    key: SigningKey

    @property
    def settings(self) -> Path:
        return self.folder / SETTINGS


def set_up(folder: Path) -> Stage:
    """Makes the folder (0700) and its key, or takes up those of an earlier time."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        problem = f"the folder cannot be made ({error.strerror})."
        raise ConfigError(folder, "", None, problem, "Name one where you may write: --folder FOLDER.") from None
    key = folder / KEY
    signing = load_signing_key(KeyRef(file=key), {}) if key.exists() else create_key(key)
    return Stage(folder, signing)


def write_settings(stage: Stage, url: str) -> Path:
    """Writes the settings for the sandbox at `url`, over those of an earlier sandbox."""
    stage.settings.unlink(missing_ok=True)
    write_private(stage.settings, settings_text(url).encode())
    return stage.settings


def settings_text(url: str) -> str:
    """Settings with the demo inbox's system users: an organisation's own, and an accountant's two."""
    return f"""\
# Settings for the sandbox at {url}. Everybody and everything in it is invented.

[archive]
url = "sqlite:///dialogarkiv.db"

[environment]
name = "custom"
dialogporten = "{url}/dialogporten"
altinn = "{url}"
maskinporten = "{url}/maskinporten/"

[limits]
requests_per_second = 1000  # the sandbox is on this machine and nobody else asks it

[[connection]]
name = "bakeri"
kind = "system-user"
client_id = "{people.CLIENT_ID}"
key = "{KEY}"
system_users = [{{ org = "{people.BAKERY.number}" }}]

[[connection]]
name = "regnskap"
kind = "system-user"
client_id = "{people.CLIENT_ID}"
key = "{KEY}"
system_users = [
    {{ org = "{people.ACCOUNTANT.number}", external_ref = "regnskap" }},
    {{ org = "{people.ACCOUNTANT.number}", external_ref = "lonn" }},
]
"""
