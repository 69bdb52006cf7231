"""The people and calls of the demo portal. All invented; numbers from ranges kept for that."""

from dataclasses import dataclass
from datetime import UTC, datetime

DAY = datetime(2026, 11, 23, tzinfo=UTC)
PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who do not exist


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Someone whose calls are recorded."""

    username: str
    first_name: str
    last_name: str
    extension: str
    group: str

    @property
    def full_name(self) -> str:
        """Return the name as pages show it."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class DemoCall:
    """A call that became a recording. `flag`: of the quality report, or empty."""

    at: str  # HH:MM:SS, UTC
    username: str
    direction: str  # in, out, dial_in
    remote: str
    length: str  # m:ss or h:mm:ss
    flag: str = ""
    remote_name: str = ""

    @property
    def started_at(self) -> datetime:
        """Return the moment of its start."""
        hours, minutes, seconds = (int(part) for part in self.at.split(":"))
        return DAY.replace(hour=hours, minute=minutes, second=seconds)

    @property
    def length_s(self) -> int:
        """Return its length in seconds."""
        seconds = 0
        for part in self.length.split(":"):
            seconds = seconds * 60 + int(part)
        return seconds


USERS = (
    DemoUser("ann.keller", "Ann", "Keller", "2014", "Claims"),
    DemoUser("bruno.castellani", "Bruno", "Castellani", "2031", "Sales"),
    DemoUser("priya.nair", "Priya", "Nair", "2022", "Claims"),
    DemoUser("tomas.vega", "Tomás", "Vega", "2040", "Claims"),
    DemoUser("grace.oyelaran", "Grace", "Oyelaran", "2018", "Sales"),
    DemoUser("lukas.brandt", "Lukas", "Brandt", "2027", "Claims"),
    DemoUser("mei.tanaka", "Mei", "Tanaka", "2033", "Sales"),
    DemoUser("hannah.doyle", "Hannah", "Doyle", "2051", "Claims"),
    DemoUser("omar.haddad", "Omar", "Haddad", "2036", "Sales"),
    DemoUser("elena.ferri", "Elena", "Ferri", "2029", "Claims"),
)

CALLS = (
    DemoCall("13:31:42", "bruno.castellani", "in", "+15550142", "4:05"),  # transferred to him
    DemoCall("13:25:30", "ann.keller", "in", "+15550142", "6:12"),
    DemoCall("13:21:04", "bruno.castellani", "out", "+15550117", "12:48"),
    DemoCall("13:18:47", "priya.nair", "in", "+15550193", "3:05"),
    DemoCall("13:16:12", "tomas.vega", "in", "+15550176", "1:02:33", flag="one_way"),
    DemoCall("13:09:58", "ann.keller", "in", "+15550108", "4:51"),
    DemoCall("13:07:31", "grace.oyelaran", "out", "2045", "2:14", remote_name="Reception"),
    DemoCall("13:02:09", "lukas.brandt", "dial_in", "+15550165", "21:40"),
    DemoCall("12:58:55", "mei.tanaka", "in", "+15550129", "8:27", flag="loss"),
    DemoCall("12:57:20", "hannah.doyle", "in", "+15550150", "2:38"),
    DemoCall("12:49:16", "priya.nair", "out", "+15550184", "5:19"),
    DemoCall("12:44:02", "omar.haddad", "in", "+15550133", "9:06"),
    DemoCall("12:41:38", "elena.ferri", "in", "+15550171", "7:45"),  # sealed to another key
    DemoCall("12:36:10", "tomas.vega", "out", "+15550112", "3:52"),
    DemoCall("12:30:44", "grace.oyelaran", "in", "", "2:09"),
)
LOCKED = "+15550171"  # the call that this system has no key for
HELD = "+15550142"  # remote party of the call with a hold, a pause and a loss on its timeline
HELD_AT = "13:25:30"
CONVERSATION = CALLS[:2]  # two recordings of one call
JOINED = ("Owen Price", "+15550161")  # takes part in the second of them for a while
SUPERVISOR = "hannah.doyle"
RECORDED_ONLY = "omar.haddad"
DIRECTORY = "Northgate Active Directory"
NOTES = (
    (
        "ann.keller",
        "Caller disputes the assessment of 3 March. Refund promised, see here.",
        270_000,
    ),
    ("rita.marsh", "Complaint 2026-118, answered in writing.", None),
)
PRESERVED = (("ann.keller", HELD_AT), ("rita.marsh", "13:31:42"))
