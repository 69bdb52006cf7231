"""Debian's slapd with a data folder of its own: LDAP, LDAPS and StartTLS on free loopback ports."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import ldap
import ldap.modlist

from tests.flows.authority import Authority
from tests.ports import free_ports, wait_for_port

SLAPD = Path("/usr/sbin/slapd")
SUFFIX = "dc=example,dc=com"
PEOPLE = f"ou=People,{SUFFIX}"
READER = f"cn=reader,{SUFFIX}"
LIMITED = f"cn=limited,{SUFFIX}"
ROOT = f"cn=root,{SUFFIX}"
PASSWORD = "the reader's password"
# What Active Directory calls its attributes, with their syntaxes; the OIDs are ours.
AD_SCHEMA = """
attributetype ( 1.3.6.1.4.1.55555.1 NAME 'objectGUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.2 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.3 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.4 NAME 'ipPhone' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.55555.5 NAME 'memberOf' EQUALITY distinguishedNameMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
attributetype ( 1.3.6.1.4.1.55555.6 NAME 'thumbnail' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.55555.10 NAME 'adPerson' SUP top AUXILIARY
  MAY ( objectGUID $ sAMAccountName $ userAccountControl $ ipPhone $ memberOf $ thumbnail ) )
"""
CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include {folder}/ad.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
sizelimit 500
database mdb
suffix "{suffix}"
rootdn "{root}"
rootpw "{password}"
directory {folder}/data
maxsize 268435456
dbnosync
index objectClass,uid,entryUUID eq
limits dn.exact="{reader}" size.soft=500 size.hard=500 size.prtotal=unlimited
limits dn.exact="{limited}" size.soft=500 size.hard=500 size.prtotal=500
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by dn.exact="{limited}" read by * none
"""
BASE_LDIF = f"""dn: {SUFFIX}
objectClass: organization
objectClass: dcObject
o: Example
dc: example

dn: {PEOPLE}
objectClass: organizationalUnit
ou: People

dn: ou=Elsewhere,{SUFFIX}
objectClass: organizationalUnit
ou: Elsewhere

dn: ou=Away,ou=Elsewhere,{SUFFIX}
objectClass: referral
objectClass: extensibleObject
ou: Away
ref: ldap://192.0.2.9/ou=Away,dc=example,dc=com

"""


@dataclass
class Slapd:
    """One server. `start` and `stop` as a test wants them."""

    folder: Path
    ldap_port: int = 0
    ldaps_port: int = 0
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.ldap_port, self.ldaps_port = free_ports(2)
        self.authority = Authority(self.folder / "authority")
        self.certify()

    @property
    def ldap_uri(self) -> str:
        return f"ldap://127.0.0.1:{self.ldap_port}"

    @property
    def ldaps_uri(self) -> str:
        return f"ldaps://127.0.0.1:{self.ldaps_port}"

    @property
    def ca_pem(self) -> str:
        return self.authority.file.read_text()

    def certify(self, *, days: int = 60, address: str = "127.0.0.1") -> None:
        """Write the configuration, with a certificate for an address, valid so long."""
        self.authority.days = days
        files = self.authority.issue("directory", addresses=(address,))
        self.authority.days = 60
        (self.folder / "ad.schema").write_text(AD_SCHEMA)
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "slapd.conf").write_text(
            CONFIG.format(
                folder=self.folder,
                certificate=files.certificate,
                key=files.key,
                suffix=SUFFIX,
                root=ROOT,
                password=PASSWORD,
                reader=READER,
                limited=LIMITED,
            )
        )

    def load(self, ldif: str) -> None:
        """Fill the database anew; the server must not run."""
        shutil.rmtree(self.folder / "data")
        (self.folder / "data").mkdir()
        accounts = "".join(account(dn) for dn in (READER, LIMITED))
        (self.folder / "people.ldif").write_text(BASE_LDIF + accounts + ldif)
        subprocess.run(
            ["/usr/sbin/slapadd", "-q", "-f", "slapd.conf", "-l", "people.ldif"],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        """Start the server and wait until it answers."""
        uris = f"ldap://127.0.0.1:{self.ldap_port} ldaps://127.0.0.1:{self.ldaps_port}"
        self._process = subprocess.Popen(
            [SLAPD, "-d", "0", "-h", uris, "-f", self.folder / "slapd.conf"],
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.ldap_port)
        wait_for_port(self.ldaps_port)

    def stop(self, *, kill: bool = False) -> None:
        """Stop the server, if it runs."""
        if self._process is None:
            return
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait(timeout=20)
        self._process = None

    def as_root(self) -> "ldap.ldapobject.LDAPObject":
        """Return a connection that may change everything."""
        connection = ldap.initialize(self.ldap_uri)
        connection.simple_bind_s(ROOT, PASSWORD)
        return connection

    def change(self, dn: str, **attributes: str | bytes | None) -> None:
        """Replace attributes of an entry; None removes one."""
        connection = self.as_root()
        changes = [
            (ldap.MOD_REPLACE, name, None if value is None else [_bytes(value)])
            for name, value in attributes.items()
        ]
        connection.modify_s(dn, changes)
        connection.unbind_s()


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def account(dn: str) -> str:
    """Return the entry of an account that may read, as LDIF."""
    name = dn.partition(",")[0].removeprefix("cn=")
    return (
        f"dn: {dn}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
        f"cn: {name}\nuserPassword: {PASSWORD}\n\n"
    )


def person(number: int, *extra: str) -> str:
    """Return a person as LDIF: p0001 with extension 10001; further lines as given."""
    name = f"p{number:04d}"
    lines = [
        f"dn: uid={name},{PEOPLE}",
        "objectClass: inetOrgPerson",
        "objectClass: adPerson",
        f"uid: {name}",
        f"cn: Given{number} Family{number}",
        f"givenName: Given{number}",
        f"sn: Family{number}",
        f"mail: {name}@example.com",
        f"telephoneNumber: {10000 + number}",
        f"userPassword: password of {name}",
        *extra,
    ]
    return "\n".join(lines) + "\n\n"


def people(count: int) -> str:
    """Return so many people as LDIF."""
    return "".join(person(number) for number in range(1, count + 1))


def running(folder: Path, ldif: str) -> Iterator[Slapd]:
    """Yield a server that holds these people."""
    server = Slapd(folder)
    server.load(ldif)
    server.start()
    yield server
    server.stop()
