"""From packets to sound: decode, align, encode, measure."""
