"""Who speaks in simulated calls: people of an invented company, and numbers that call them.

The people are what `callvault simulate --create-demo-users` creates; the remote numbers lie in
the range kept for fiction (+1 555 01xx). Everybody has a voice of their own, so that a listener
hears at once who is who.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Voice:
    """How somebody sounds: a voice of espeak-ng, and how fast it speaks."""

    name: str  # as espeak-ng names it, with its variant: "en-gb+f3"
    words_per_minute: int
    pitch: int = 50  # 0 to 99


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A user of the invented company whose calls are recorded."""

    username: str
    first_name: str
    last_name: str
    extension: str
    group: str
    department: str
    voice: Voice

    @property
    def full_name(self) -> str:
        """First and last name, as the list of recordings shows it."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class RemoteParty:
    """Somebody outside the company. Most have no name that a telephone system would know."""

    number: str
    voice: Voice
    name: str = ""


DEMO_PEOPLE = (
    DemoPerson(
        "ann.keller", "Ann", "Keller", "2014", "Claims", "Motor", Voice("en-gb+f3", 165, 55)
    ),
    DemoPerson(
        "bruno.castellani",
        "Bruno",
        "Castellani",
        "2031",
        "Sales",
        "Business",
        Voice("en-gb+m3", 158, 42),
    ),
    DemoPerson(
        "priya.nair", "Priya", "Nair", "2022", "Claims", "Household", Voice("en-gb-x-rp+f2", 172)
    ),
    DemoPerson("tomas.vega", "Tomás", "Vega", "2040", "Claims", "Motor", Voice("en-us+m2", 160)),
    DemoPerson(
        "grace.oyelaran", "Grace", "Oyelaran", "2018", "Sales", "Private", Voice("en-us+f4", 168)
    ),
    DemoPerson(
        "lukas.brandt",
        "Lukas",
        "Brandt",
        "2027",
        "Claims",
        "Household",
        Voice("en-gb+m7", 155, 38),
    ),
    DemoPerson("mei.tanaka", "Mei", "Tanaka", "2033", "Sales", "Private", Voice("en-us+f1", 175)),
    DemoPerson(
        "omar.haddad", "Omar", "Haddad", "2036", "Sales", "Business", Voice("en-gb-x-rp+m1", 162)
    ),
    DemoPerson("elena.ferri", "Elena", "Ferri", "2029", "Claims", "Motor", Voice("en-gb+f5", 170)),
    DemoPerson(
        "hannah.doyle",
        "Hannah",
        "Doyle",
        "2051",
        "Claims",
        "Motor",
        Voice("en-gb-scotland+f2", 160),
    ),
)

REMOTE_PARTIES = (
    RemoteParty("+15550142", Voice("en-us", 160, 45)),
    RemoteParty("+15550117", Voice("en-gb-scotland", 158)),
    RemoteParty("+15550193", Voice("en-us+f3", 170, 60), "Dana Whitfield"),
    RemoteParty("+15550176", Voice("en-029", 155)),
    RemoteParty("+15550108", Voice("en-gb+f4", 165)),
    RemoteParty("+15550165", Voice("en-us+m4", 150, 35)),
    RemoteParty("+15550129", Voice("en-gb-x-gbcwmd", 168)),
    RemoteParty("+15550150", Voice("en-us+f5", 162, 50), "Iver Lindqvist"),
    RemoteParty("+15550184", Voice("en-gb-x-gbclan+f2", 166)),
    RemoteParty("+15550133", Voice("en-us+m6", 172)),
)

NUMBERS_OF_NOBODY = ("2098", "2099", "2100")
"""Extensions of the invented company that no user has: calls of theirs are not recorded."""
