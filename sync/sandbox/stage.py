"""A folder from which the program can read the sandbox: keys, and settings that name this sandbox.

Used by the commands `sandbox` and `demo`; the public halves of the keys are registered with the sandbox's issuers.
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
PERSONS = "persons.toml"
PERSON_KEY = "idporten.jwk"
PERSON = "torgeir"


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
    return Stage(folder, _key(folder / KEY))


def person_key(stage: Stage) -> SigningKey:
    """The key that signs as the demo's ID-porten client; made when first asked for."""
    return _key(stage.folder / PERSON_KEY)


def _key(path: Path) -> SigningKey:
    return load_signing_key(KeyRef(file=path), {}) if path.exists() else create_key(path)


def write_settings(stage: Stage, url: str) -> Path:
    """Writes the settings for the sandbox at `url`, over those of an earlier sandbox."""
    stage.settings.unlink(missing_ok=True)
    write_private(stage.settings, settings_text(url).encode())
    return stage.settings


def write_persons(stage: Stage, url: str) -> Path:
    """Writes, beside the settings, others with a person in them, for whom somebody must log in first."""
    person_key(stage)
    path = stage.folder / PERSONS
    path.unlink(missing_ok=True)
    write_private(path, persons_text(url).encode())
    return path


def persons_text(url: str) -> str:
    """Settings with a person who logs in, and the system user of the organisation that she or he acts for."""
    return f"""\
{_head(url, "persons.db")}
{_BAKERY}
[[connection]]
name = "{PERSON}"
kind = "id-porten"
client_id = "{people.IDPORTEN_CLIENT_ID}"
key = "{PERSON_KEY}"
redirect = "http://127.0.0.1:8765/callback"
scopes = [{", ".join(f'"{scope}"' for scope in people.IDPORTEN_SCOPES)}]
authorization_lifetime = "90d"  # as the client is registered
"""


def settings_text(url: str) -> str:
    """Settings with the demo inbox's system users: an organisation's own, and an accountant's two."""
    return f"""\
{_head(url, "dialogarkiv.db")}
{_BAKERY}
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


_BAKERY = f"""\
[[connection]]
name = "bakeri"
kind = "system-user"
client_id = "{people.CLIENT_ID}"
key = "{KEY}"
system_users = [{{ org = "{people.BAKERY.number}" }}]
"""


def _head(url: str, archive: str) -> str:
    return f"""\
# Settings for the sandbox at {url}. Everybody and everything in it is invented.

[archive]
url = "sqlite:///{archive}"

[environment]
name = "custom"
dialogporten = "{url}/dialogporten"
altinn = "{url}"
maskinporten = "{url}/maskinporten/"
idporten = "{url}/idporten"

[limits]
requests_per_second = 1000  # the sandbox is on this machine and nobody else asks it
"""
