"""Directories: people and their sign-in from LDAP, Active Directory, Webex (USER-2, USER-8)."""
