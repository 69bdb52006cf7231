"""Who is at the door, and for how long: second factors, passkeys, OpenID Connect, sessions."""
