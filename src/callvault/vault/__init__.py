"""Sealed recordings: certificates, envelopes, sealed objects, stores."""
