"""Calls as CUCM records them: for each recorded phone two SIP calls, of one voice each.

Written from Cisco's documents and apart from `callvault.cucm`, which reads what is written here:
a fault there cannot hide itself.
"""
