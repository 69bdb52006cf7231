"""The stock templates: what a mail about a recording says where nobody wrote another.

Written here, not in the catalogues: they are read and changed as wholes, in their own language.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """Subject and body, with tags (policy.mail_template)."""

    subject: str
    body: str


STOCK = {
    "en": Template(
        "A call was recorded: [RemotePhoneNumber], [RecordingStartDate] [RecordingStartTime]",
        """Dear [UserFirstName] [UserLastName],

a call of yours was recorded.

Number: [RemotePhoneNumber]
Direction: [CallDirection]
Your extension: [UserExtension]
Date: [RecordingStartDate]
Start: [RecordingStartTime]
Duration: [RecordingDuration]
Recording: [RecordingID]

Listen to it here: [RecordingLink]
""",
    ),
    "it": Template(
        "Una chiamata è stata registrata: [RemotePhoneNumber], [RecordingStartDate]"
        " [RecordingStartTime]",
        """Gentile [UserFirstName] [UserLastName],

una Sua chiamata è stata registrata.

Numero: [RemotePhoneNumber]
Direzione: [CallDirection]
Il Suo interno: [UserExtension]
Data: [RecordingStartDate]
Inizio: [RecordingStartTime]
Durata: [RecordingDuration]
Registrazione: [RecordingID]

Può ascoltarla qui: [RecordingLink]
""",
    ),
    "fr": Template(
        "Un appel a été enregistré : [RemotePhoneNumber], [RecordingStartDate]"
        " [RecordingStartTime]",
        """Bonjour [UserFirstName] [UserLastName],

un de vos appels a été enregistré.

Numéro : [RemotePhoneNumber]
Sens : [CallDirection]
Votre poste : [UserExtension]
Date : [RecordingStartDate]
Début : [RecordingStartTime]
Durée : [RecordingDuration]
Enregistrement : [RecordingID]

Pour l'écouter : [RecordingLink]
""",
    ),
}
